"""Sums of gradients in a fixed number of lanes: which piece goes where, and in which order they are added."""

import numpy as np
import pytest

from graphnn.engine import lanes as lanes_module
from graphnn.engine.batch import ArrayBatch
from graphnn.engine.engine import Engine
from graphnn.engine.lanes import Lanes, trained_size
from graphnn.engine.plan import trained_in
from graphnn.engine.workers import Workers
from graphnn.graph.initialisation import initialise
from graphnn.losses.mean_squared_error import MeanSquaredError

BIG = 1e8  # in float32, 1e8 + 1 − 1e8 is 0, and 1e8 − 1e8 + 1 is 1: the order shows


@pytest.fixture
def ready(plain):
    """Two Dense nodes, of 6 + 2 and 8 + 4 parameters, and three lanes."""
    graph = plain.network((3,), ("Dense", {"units": 2}), ("Dense", {"units": 4}), "Softmax")
    parameters = initialise(graph, 0)
    nodes = graph.nodes[:2]
    memory = [np.full(trained_size(nodes), np.nan, np.float32) for _ in range(2)]
    return parameters, nodes, Lanes(nodes, parameters, memory, trained_in(0, nodes))


def test_trained_size(plain):
    graph = plain.network((3, 2, 2), ("Conv2D", {"filters": 4}), "BatchNormalization", "ReLU", loss=None)
    assert [trained_size([node]) for node in graph.nodes] == [4 * 27 + 4, 8, 0]
    assert trained_size(graph.nodes) == 4 * 27 + 4 + 8


def test_the_first_lane_is_the_gradient_itself(ready):
    parameters, nodes, lanes = ready
    for node in nodes:
        for name, own in lanes.of(0, node).items():
            assert own is parameters.gradients[node.name][name]
    views = [lanes.of(lane, node)[name] for lane in range(3) for node in nodes for name in ("weights", "biases")]
    for i, one in enumerate(views):
        assert not any(np.shares_memory(one, other) for other in views[:i])


def test_the_first_piece_overwrites_and_the_others_add(ready):
    _, (node, _), lanes = ready
    own = lanes.of(1, node)["biases"]
    lanes.add(1, node, {"biases": np.array([1.0, 2.0], np.float32)}, first=True)
    assert own.tolist() == [1, 2]
    lanes.add(1, node, {"biases": np.array([10.0, 20.0], np.float32)}, first=False)
    assert own.tolist() == [11, 22]
    own[...] = 5  # as a layer does that writes into the lane's own memory
    lanes.add(1, node, {"biases": own}, first=True)
    assert own.tolist() == [5, 5]


@pytest.mark.parametrize("shared_size", [0, 2**30])
@pytest.mark.parametrize("threads", [1, 3])
def test_lanes_are_added_in_order(ready, monkeypatch, shared_size, threads):
    monkeypatch.setattr(lanes_module, "SHARED_SIZE", shared_size)
    parameters, nodes, lanes = ready
    workers = Workers(threads)
    for values, expected in (([BIG, 1, -BIG], 0), ([BIG, -BIG, 1], 1)):
        for lane, value in enumerate(values):
            for node in nodes:
                for own in lanes.of(lane, node).values():
                    own[...] = value
        lanes.reduce(3, workers)
        for node in nodes:
            for own in parameters.gradients[node.name].values():
                assert (own == expected).all()
    workers.close()


def test_lanes_that_had_no_piece_are_left_out(ready):
    parameters, nodes, lanes = ready
    for lane, value in enumerate((1, 2, np.nan)):
        for node in nodes:
            for own in lanes.of(lane, node).values():
                own[...] = value
    workers = Workers(1)
    lanes.reduce(2, workers)
    assert (parameters.gradients[nodes[0].name]["weights"] == 3).all()


def test_a_parameters_memory_order_is_kept(plain):
    graph = plain.network((3, 4, 4), ("Conv2D", {"filters": 5}), loss=None)
    parameters = initialise(graph, 0)
    lanes = Lanes(
        graph.nodes, parameters, [np.zeros(trained_size(graph.nodes), np.float32)], trained_in(0, graph.nodes)
    )
    own = lanes.of(1, graph.nodes[0])["weights"]
    assert own.strides == parameters.gradients[graph.nodes[0].name]["weights"].strides


def test_pieces_go_to_lanes_in_turn(plain):
    """Piece k goes to lane k modulo their number, so that the sum's order follows from the cut alone."""
    values = np.array([[BIG], [1], [2], [-BIG], [-1], [4], [0.5]], np.float32)
    graph = plain.network((1,), ("Dense", {"units": 1, "use_bias": False}), loss=MeanSquaredError())
    parameters = initialise(graph, 0)
    parameters.vector[...] = 0
    targets = np.full((7, 1), -3.5, np.float32)  # the gradient of each output is 2·3.5/7 = 1
    with plain.cut([1], lanes=3), Engine(graph, parameters, batch_size=7, threads=2) as engine:
        engine.train_step(ArrayBatch(values, targets), epoch=0, step=0)
    lanes = [(BIG - BIG) + 0.5, 1 - 1, 2 + 4]
    assert parameters.gradients["n0_dense"]["weights"][0, 0] == sum(lanes)
