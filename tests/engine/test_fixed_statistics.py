"""Training with fixed statistics: no barrier, the same bits for any team, and statistics that stay as they are."""

from dataclasses import replace

import numpy as np
import pytest

from graphnn.engine.batch import ArrayBatch
from graphnn.engine.engine import Engine
from graphnn.engine.plan import training_plan
from graphnn.graph.batch_sizes import greatest_need
from graphnn.graph.initialisation import initialise
from graphnn.kernels.kernels import NUMPY
from graphnn.kernels.numba_kernels import NUMBA
from graphnn.layers.batch_normalization import BatchNormalization
from graphnn.layers.relu import ReLU
from graphnn.layers.residual import Residual
from graphnn.optimizers.sgd_momentum import SGDMomentum
from graphnn.optimizers.updater import Updater

FIXED = BatchNormalization(trainable={"statistics": False})
FROZEN, MOVING = BatchNormalization(trainable=False), BatchNormalization()
CONV, HEAD = ("Conv2D", {"filters": 16}), ("Dense", {"units": 4})
BLOCK = Residual([FIXED, ReLU(), FROZEN])
LAYERS = (CONV, FIXED, "ReLU", CONV, MOVING, "GELU", BLOCK, FROZEN, "SiLU", "Flatten", HEAD, FIXED, "Softmax")


def started(graph, dtype=np.float64):
    """Return first parameters, with statistics as of an earlier training."""
    parameters, rng = initialise(graph, 1, dtype), np.random.default_rng(2)
    for name, array in parameters.running.items():
        array[...] = rng.normal(size=array.shape) if name.endswith("mean") else rng.uniform(0.5, 2, array.shape)
    return parameters


def trained(graph, *, threads, kernels, dtype=np.float32):
    """Return all values after some steps."""
    parameters = started(graph, dtype)
    x, y = np.random.default_rng(3).normal(size=(9, *graph.input_shape)).astype(dtype), np.arange(9) % 4
    with Engine(graph, parameters, batch_size=9, threads=threads, kernels=kernels) as engine:
        engine.attach(Updater(SGDMomentum(0.05), parameters))
        for step in range(4):
            engine.train_step(ArrayBatch(x, y), epoch=0, step=step)
            engine.update([0.05])
        predicted = engine.predict(x)
    return {**{name: array.copy() for name, array in parameters.named().items()}, "outputs": predicted}


def test_only_moving_statistics_make_a_barrier(plain):
    graph = plain.network((2, 6, 6), *LAYERS)
    for kernels in (NUMPY, NUMBA):
        stages = training_plan(graph, 9, kernels).stages
        assert [stage.exit and stage.exit.name for stage in stages] == ["n4_batchnormalization", None]
    frozen = plain.network((2, 6, 6), CONV, FROZEN, "ReLU", BLOCK, "Flatten", HEAD, "Softmax")
    (stage,) = training_plan(frozen, 9, NUMBA).stages
    assert stage.nodes[1].label == "n1_batchnormalization + n2_relu"
    assert greatest_need(frozen) is None
    assert greatest_need(plain.network((3,), MOVING, HEAD, "Softmax")).least == 2


@pytest.mark.parametrize("kernels", [NUMPY, NUMBA], ids=lambda each: each.name)
@pytest.mark.parametrize("threads", [1, 3])
def test_a_step_equals_the_layers_one_after_the_other(plain, threads, kernels):
    layers = [each if each is not FROZEN else FIXED for each in LAYERS if each is not BLOCK]
    graph = plain.network((2, 6, 6), *layers)
    parameters = started(graph)
    before = {name: array.copy() for name, array in parameters.running.items()}
    x, y = plain.samples(graph, 9)
    with plain.cut([2, 3, 1]), Engine(graph, parameters, batch_size=9, threads=threads, kernels=kernels) as engine:
        expected = plain.step(graph, engine.plan, parameters, x, y)
        found = plain.engine_step(engine, x, y)
        plain.same(found, expected, 1e-9)
        moved = {name for name, array in found.running.items() if not np.array_equal(array, before[name])}
        assert moved == {"n4_batchnormalization/running_mean", "n4_batchnormalization/running_variance"}


@pytest.mark.parametrize("kernels", [NUMPY, NUMBA], ids=lambda each: each.name)
def test_the_same_bits_for_any_team(plain, kernels):
    graph = plain.network((2, 6, 6), *LAYERS)
    with plain.cut([2, 3, 1]):
        one = trained(graph, threads=1, kernels=kernels)
        others = [trained(graph, threads=threads, kernels=kernels) for threads in (2, 3)]
        with plain.threads_only():
            others.append(trained(graph, threads=2, kernels=kernels))
    for other in others:
        for name, array in one.items():
            np.testing.assert_array_equal(array, other[name], name)
    start = started(graph, np.float32).named()
    kept = {name for name, array in start.items() if np.array_equal(array, one[name])}
    parts = ("gamma", "beta", "running_mean", "running_variance")
    assert {name for name in kept if name.startswith("n7_")} == {f"n7_batchnormalization/{part}" for part in parts}
    assert {name for name in kept if name.startswith("n1_")} == {f"n1_batchnormalization/{part}" for part in parts[2:]}
    assert not any(name.startswith("n4_") for name in kept)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_batch_of_one_sample(plain, threads):
    """Of vectors, where a channel has one value; and a step of one equals its share of a step of two."""
    graph = plain.network((3,), ("Dense", {"units": 5}), FIXED, "ReLU", HEAD, FIXED, "Softmax")
    parameters = started(graph)
    x, y = plain.samples(graph, 2)
    with Engine(graph, parameters, batch_size=2, threads=threads) as engine:
        whole = plain.engine_step(engine, x, y)
        halves = [plain.engine_step(engine, x[each : each + 1], y[each : each + 1]) for each in (0, 1)]
    for name, array in whole.gradients.items():
        np.testing.assert_allclose((halves[0].gradients[name] + halves[1].gradients[name]) / 2, array, atol=1e-12)


def test_a_parameter_that_is_trained_for_some_epochs(plain):
    layer = replace(FIXED, trainable={"statistics": False, "gamma": {"until_epoch": 1}})
    graph = plain.network((3,), ("Dense", {"units": 5}), layer, "ReLU", HEAD, "Softmax")
    parameters = started(graph)
    x, y = plain.samples(graph, 6)
    with Engine(graph, parameters, batch_size=6, threads=1) as engine:
        first, later = (plain.engine_step(engine, x, y, epoch=epoch) for epoch in (0, 1))
    assert first.gradients["n1_batchnormalization/gamma"].any()
    assert not later.gradients["n1_batchnormalization/gamma"].any()
    np.testing.assert_array_equal(
        first.gradients["n1_batchnormalization/beta"], later.gradients["n1_batchnormalization/beta"]
    )


def test_where_numbers_stop_being_finite_behind_fixed_statistics(plain):
    """The step is run again with them, not with those of the batch, of which the variance would be 0."""
    graph = plain.network((2,), FROZEN, ("Dense", {"units": 2}), HEAD, "Softmax")
    parameters = initialise(graph, 0)
    parameters.values["n1_dense"]["weights"][...] = 1e30
    x = np.full((4, 2), 1e10, np.float32)
    with Engine(graph, parameters, batch_size=4, threads=1) as engine:
        node = engine.first_non_finite(x, epoch=0, step=0)
        assert node is not None
        assert node.name == "n1_dense"
