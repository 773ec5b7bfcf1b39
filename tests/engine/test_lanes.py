"""Sums of gradients in lanes: which samples a lane has, and what several members have computed."""

from contextlib import nullcontext

import numpy as np
import pytest

from graphnn.engine import lanes as lanes_module
from graphnn.engine.batch import ArrayBatch
from graphnn.engine.engine import Engine
from graphnn.engine.folding import folding, shares
from graphnn.engine.lanes import Lanes, trained_size
from graphnn.engine.plan import trained_in
from graphnn.engine.workers import Workers
from graphnn.graph.initialisation import initialise
from graphnn.losses.mean_squared_error import MeanSquaredError

BIG = 1e8  # in float32, 1e8 + 1 − 1e8 is 0, and 1e8 − 1e8 + 1 is 1: the order shows


@pytest.fixture
def ready(plain):
    """Two Dense nodes, of 6 + 2 and 8 + 4 parameters, and three lanes of as many members."""
    graph = plain.network((3,), ("Dense", {"units": 2}), ("Dense", {"units": 4}), "Softmax")
    parameters = initialise(graph, 0)
    nodes = graph.nodes[:2]
    return parameters, nodes, made(nodes, parameters, 3, 3)


def made(nodes, parameters, count, members):
    """Return the lanes of so many members, whose memory begins as NaN."""
    folded = folding(shares(range(count), members), count)
    memory = [np.full(trained_size(nodes), np.nan, np.float32) for _ in range(folded.size - 1)]
    return Lanes(nodes, parameters, memory, trained_in(0, nodes), folded)


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
@pytest.mark.parametrize("members", [1, 2, 3, 5])
@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([BIG, 1, -BIG], 0),
        ([BIG, -BIG, 1], 1),
        ([BIG, 1, -BIG, 1], 0),  # one after the other it were 1
        ([BIG, -BIG, 1, 2], 3),
        ([1, 2, BIG, -BIG], 3),  # one after the other, 0
        ([BIG, 1, -BIG, 1, 2], 2),
    ],
)
def test_lanes_are_added_in_the_tree(plain, monkeypatch, values, expected, members, threads, shared_size):
    """Whoever computes them, and however the work of adding them is shared out."""
    monkeypatch.setattr(lanes_module, "SHARED_SIZE", shared_size)
    graph = plain.network((3,), ("Dense", {"units": 2}), ("Dense", {"units": 4}), "Softmax")
    parameters, nodes = initialise(graph, 0), graph.nodes[:2]
    lanes, workers = made(nodes, parameters, len(values), members), Workers(threads)
    for _ in range(2):  # the second step finds the sums of the first
        for lane, value in enumerate(values):
            for node in nodes:
                for own in lanes.of(lane, node).values():
                    own[...] = value
            lanes.finish(lane)
        lanes.reduce(workers)
        for node in nodes:
            for own in parameters.gradients[node.name].values():
                assert (own == expected).all()
    workers.close()


def test_long_sums_are_added_in_parts(plain, monkeypatch):
    """Tasks of 5 elements, which no parameter's size is a multiple of; each element is added once."""
    monkeypatch.setattr(lanes_module, "TASK_SIZE", 5)
    monkeypatch.setattr(lanes_module, "SHARED_SIZE", 0)
    graph = plain.network((3,), ("Dense", {"units": 7}), "Softmax")
    parameters, nodes = initialise(graph, 0), graph.nodes[:1]
    lanes, workers = made(nodes, parameters, 4, 4), Workers(3)
    for lane in range(4):
        for own in lanes.of(lane, nodes[0]).values():
            own[...] = 10**lane * (1 + np.arange(own.size).reshape(own.shape) % 9)
        lanes.finish(lane)
    lanes.reduce(workers)
    workers.close()
    for own in parameters.gradients[nodes[0].name].values():
        assert (own == 1111 * (1 + np.arange(own.size).reshape(own.shape) % 9)).all()


def test_a_batch_of_fewer_lanes_leaves_the_others_buffers_alone(ready):
    parameters, nodes, _ = ready
    memory = [np.full(trained_size(nodes), np.nan, np.float32) for _ in range(2)]
    lanes = Lanes(nodes, parameters, memory, trained_in(0, nodes), folding(shares(range(2), 3), 2))
    for lane, value in enumerate((1, 2)):
        for node in nodes:
            for own in lanes.of(lane, node).values():
                own[...] = value
        lanes.finish(lane)
    workers = Workers(1)
    lanes.reduce(workers)
    assert (parameters.gradients[nodes[0].name]["weights"] == 3).all()
    assert np.isnan(memory[1]).all()


def test_a_parameters_memory_order_is_kept(plain):
    graph = plain.network((3, 4, 4), ("Conv2D", {"filters": 5}), loss=None)
    parameters = initialise(graph, 0)
    own = made(graph.nodes, parameters, 2, 2).of(1, graph.nodes[0])["weights"]
    assert own.strides == parameters.gradients[graph.nodes[0].name]["weights"].strides


@pytest.mark.parametrize("threads", [1, 2, 8])
@pytest.mark.parametrize("forked", [True, False])
def test_a_lane_has_neighbouring_samples_and_adds_its_pieces_in_order(plain, forked, threads):
    """So that the sum's order follows from the cut alone. Five lanes of two samples, each sample a piece.

    With samples handed to lanes in turn the sum were 8, with lanes added one after the other 9.
    """
    blocks = [(BIG, 1), (1, 2), (-BIG, 1), (1, 2), (2, 4)]
    values = np.array(blocks, np.float32).reshape(10, 1)
    graph = plain.network((1,), ("Dense", {"units": 1, "use_bias": False}), loss=MeanSquaredError())
    parameters = initialise(graph, 0)
    parameters.vector[...] = 0
    targets = np.full((10, 1), -5, np.float32)  # the gradient of each output is 2·5/10 = 1
    with (
        nullcontext() if forked else plain.threads_only(),
        plain.cut([1], lanes=5),
        Engine(graph, parameters, batch_size=10, threads=threads) as engine,
    ):
        engine.train_step(ArrayBatch(values, targets), epoch=0, step=0)
    # BIG + 1 is BIG, and so is BIG + 3
    assert parameters.gradients["n0_dense"]["weights"][0, 0] == (BIG + -BIG) + (2 + 4)
