"""What convolutions prepare for a step is shared out among the workers, with the same bits as in one."""

import numpy as np
import pytest

from graphnn.engine.batch import ArrayBatch
from graphnn.engine.engine import Engine
from graphnn.engine.processes import can_fork
from graphnn.engine.shared_preparation import SharedPreparation
from graphnn.engine.workers import Workers
from graphnn.engine.workspace import Workspace
from graphnn.graph.graph import Graph, chain
from graphnn.graph.initialisation import initialise
from graphnn.kernels import winograd
from graphnn.kernels.kernels import NUMPY
from graphnn.layers.batch_normalization import BatchNormalization
from graphnn.layers.conv2d import Conv2D
from graphnn.layers.dense import Dense
from graphnn.layers.flatten import Flatten
from graphnn.layers.softmax import Softmax
from graphnn.losses.cross_entropy import CrossEntropy
from graphnn.optimizers.sgd import SGD
from graphnn.optimizers.updater import Updater
from graphnn.parameters.parameters import Parameters


@pytest.fixture
def graph() -> Graph:
    """Convolutions that prepare 90,000 weights, a fixed one among them from epoch 1 on."""
    layers = (
        ("first", Conv2D(filters=64, trainable={"weights": {"until_epoch": 1}, "biases": {"until_epoch": 1}})),
        ("second", Conv2D(filters=64, strides=1)),
        ("norm", BatchNormalization()),
        ("third", Conv2D(filters=16)),
        ("flat", Flatten()),
        ("output", Dense(units=3)),
        ("softmax", Softmax()),
    )
    return chain(layers, (5, 8, 8), CrossEntropy())


def trained(graph: Graph, threads: int) -> tuple[Parameters, int, int]:
    """Return the parameters after four steps in two epochs, the workers, and how many nodes they prepared together."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(32, *graph.input_shape)).astype(np.float32), rng.integers(0, 3, 32)
    parameters = initialise(graph, 0)
    with Engine(graph, parameters, batch_size=32, threads=threads, kernels=NUMPY) as engine:
        engine.attach(Updater(SGD(), parameters))
        for step in range(4):
            engine.train_step(ArrayBatch(x, y), epoch=step // 2, step=step % 2)
            engine.update((0.1,), epoch=step // 2)
        preparation = engine._program.training._preparation
        assert preparation is not None
        return parameters, engine.threads, len(preparation.prepared)


@pytest.mark.skipif(not can_fork(), reason="processes are forked on Linux")
def test_the_same_bits_as_in_one_worker(graph: Graph) -> None:
    alone, one, none = trained(graph, 1)
    together, two, nodes = trained(graph, 2)
    assert (one, none, two, nodes) == (1, 0, 2, 3)
    assert not np.array_equal(alone.vector, initialise(graph, 0).vector)
    np.testing.assert_array_equal(together.vector, alone.vector)


def test_each_worker_prepares_about_as_much(graph: Graph) -> None:
    parameters = initialise(graph, 0)
    team = Workers(3)
    try:
        made = SharedPreparation(graph.nodes, parameters, Workspace(32, NUMPY), team, lambda node: node.index > 0)
        before = made.prepared[1].forward.copy(), made.prepared[1].rotated.copy()
        # 36,864 weights in each of two directions; 9,216 in two, and 2,880 in one
        assert [[part.size for _, part in share] for share in made._shares] == [[36864], [36864], [9216, 9216, 2880]]
        parameters.vector *= 2
        made.renew()
    finally:
        team.close()
    np.testing.assert_array_equal(made.prepared[1].forward, 2 * before[0])
    np.testing.assert_array_equal(made.prepared[1].rotated, 2 * before[1])


def test_a_large_layer_is_shared_out_in_parts(monkeypatch: pytest.MonkeyPatch, graph: Graph) -> None:
    monkeypatch.setattr(winograd, "KERNELS", 2**11)
    monkeypatch.setattr(winograd, "channels_in_part", winograd.channels_in_part.__wrapped__)
    parameters = initialise(graph, 0)
    team = Workers(7)
    try:
        made = SharedPreparation(graph.nodes, parameters, Workspace(32, NUMPY), team, lambda node: node.index > 0)
        # of "second" 4 parts of 16 channels in each of two directions, and two of "third", have 9,216 weights each
        sizes = [sum(part.size for _, part in share) for share in made._shares]
        assert sizes == [2 * 9216, 2 * 9216, 2 * 9216, 9216 + 2880, 9216, 9216, 9216]
        expected = made.prepared[1].forward.copy(), made.prepared[1].rotated.copy()
        for each in (made.prepared[1].forward, made.prepared[1].rotated):
            each[...] = np.nan
        made.renew()
    finally:
        team.close()
    np.testing.assert_array_equal(made.prepared[1].forward, expected[0])
    np.testing.assert_array_equal(made.prepared[1].rotated, expected[1])


def test_little_is_prepared_by_every_worker(graph: Graph) -> None:
    team = Workers(2)
    try:
        nodes = [node for node in graph.nodes if node.name != "second"]
        made = SharedPreparation(nodes, initialise(graph, 0), Workspace(32, NUMPY), team, lambda node: True)
        assert made.prepared == {}
        made.renew()
    finally:
        team.close()
