"""A training step equals the plain composition of its layers over the whole batch, however it is cut."""

import numpy as np
import pytest

from graphnn.engine import handover as handover_module
from graphnn.engine import inference as inference_module
from graphnn.engine import tables as tables_module
from graphnn.engine.batch import ArrayBatch
from graphnn.engine.engine import Engine
from graphnn.engine.workspace import Workspace
from graphnn.errors import GraphError
from graphnn.graph.batch_sizes import greatest_need
from graphnn.graph.initialisation import initialise
from graphnn.losses.mean_squared_error import MeanSquaredError
from graphnn.shared_memory import shared_zeros

CONV = ("Conv2D", {"filters": 3})
EVEN = (
    "Conv2D",
    {"filters": 3, "kernel_size": 2},
)  # with as many channels: frames of one shape
STRIDED = ("Conv2D", {"filters": 2, "strides": 2})
POINT = ("Conv2D", {"filters": 4, "kernel_size": 1, "use_bias": False})
DROP = ("Dropout", {"rate": 0.4})
DENSE, HEAD = ("Dense", {"units": 6}), ("Dense", {"units": 4})
BARE = ("BatchNormalization", {"scale": False, "center": False})
BN = "BatchNormalization"
OVERLAP = ("MaxPooling2D", {"pool_size": 3, "strides": 2})

NETWORKS = {
    "dense": ((5,), [DENSE, "ReLU", HEAD, "Softmax"]),
    "a single node": ((5,), [HEAD]),
    "a single fused node": ((4,), ["Softmax"]),
    "only element-wise": ((4,), ["Tanh", "Sigmoid", "Softmax"]),
    "nothing trainable at first": ((3, 6, 6), ["ReLU", "AveragePooling2D", "Flatten", "Tanh", HEAD, "Softmax"]),
    "convolutions": ((2, 6, 6), [CONV, "ReLU", "MaxPooling2D", CONV, "ELU", "Flatten", HEAD, "Softmax"]),
    "even kernels": ((3, 5, 5), [EVEN, EVEN, "SiLU", EVEN, "GlobalAveragePooling", HEAD, "Softmax"]),
    "strides": ((1, 7, 7), [CONV, STRIDED, "GELU", POINT, STRIDED, "Flatten", HEAD, "Softmax"]),
    "normalised": ((2, 6, 6), [CONV, BN, "ReLU", OVERLAP, CONV, BN, "ReLU", "GlobalAveragePooling", HEAD, "Softmax"]),
    "normalised first": ((2, 4, 4), [BN, CONV, "ReLU", "Flatten", HEAD, "Softmax"]),
    "normalised first and bare": ((2, 4, 4), [BARE, CONV, BARE, "ReLU", "Flatten", HEAD, "Softmax"]),
    "normalised twice": ((2, 4, 4), [CONV, BN, BN, BARE, BN, "Flatten", HEAD, "Softmax"]),
    "normalised last": ((5,), [DENSE, "Tanh", HEAD, BN, "Softmax"]),
    "normalised last without fusing": ((5,), [DENSE, BN, "Tanh", HEAD, BN]),
    "nothing but normalised": ((4,), [BN]),
    "nothing but bare": ((4,), [BARE, "Softmax"]),
    "element-wise between": ((2, 4, 4), [CONV, BN, "Tanh", "ReLU", BN, "Tanh", BN, "Flatten", HEAD, "Softmax"]),
    "dropout": ((2, 4, 4), [DROP, CONV, BN, "ReLU", DROP, "Flatten", DENSE, DROP, BN, DROP, HEAD, "Softmax"]),
    "layer normalised": ((2, 4, 4), [CONV, "LayerNormalization", "ReLU", BN, "Flatten", HEAD, "Sigmoid", "Softmax"]),
    "flat between": ((2, 4, 4), [CONV, BN, "Flatten", BN, "LeakyReLU", DENSE, BN, HEAD, "Softmax"]),
}


def loss_of(layers):
    return None if layers[-1] == "Softmax" else MeanSquaredError()


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(("pieces", "threads"), [([4, 1, 3, 2], 2), ([2], 1), ([11], 1)], ids=str)
def test_equals_the_plain_composition(plain, name, pieces, threads):
    """Several steps, some of fewer samples, over the same memory; parameters change in between."""
    shape, layers = NETWORKS[name]
    graph = plain.network(shape, *layers, loss=loss_of(layers))
    parameters = initialise(graph, 1, np.float64)
    rng = np.random.default_rng(2)
    with plain.cut(pieces), Engine(graph, parameters, batch_size=11, threads=threads, seed=9) as engine:
        need = greatest_need(graph)
        least = 1 if need is None else need.least
        for step, n in enumerate((11, 4, 11, least, 7, 11)):
            parameters.vector[...] = initialise(graph, step, np.float64).vector
            parameters.vector += rng.normal(0, 0.1, parameters.vector.size)
            x, y = plain.samples(graph, n, seed=step)
            given_x, given_y = x.copy(), y.copy()
            expected = plain.step(graph, engine.plan, parameters, x, y, seed=9, epoch=3, step=step)
            found = plain.engine_step(engine, x, y, epoch=3, step=step)
            # a batch of two has hardly a deviation: rounding is a large part of what goes back
            plain.same(found, expected, 1e-9 if n > 2 else 1e-6)
            np.testing.assert_array_equal(x, given_x)
            np.testing.assert_array_equal(y, given_y)


@pytest.mark.parametrize("name", ["dense", "convolutions", "normalised", "dropout", "flat between"])
def test_float32_as_the_plan_cuts_it(plain, name):
    shape, layers = NETWORKS[name]
    graph = plain.network(shape, *layers)
    parameters, exact = initialise(graph, 1), initialise(graph, 1, np.float64)
    exact.vector[...] = parameters.vector
    with Engine(graph, parameters, batch_size=64) as engine:
        for step, n in enumerate((64, 64, 37)):
            x, y = plain.samples(graph, n, seed=step)
            expected = plain.step(graph, engine.plan, exact, x.astype(np.float32).astype(np.float64), y, step=step)
            plain.same(plain.engine_step(engine, x.astype(np.float32), y, step=step), expected, 3e-4)
            for key, array in exact.running.items():
                array[...] = expected.running[key]


@pytest.mark.parametrize("threads", [1, 2])
def test_a_step_of_one_value_a_channel_is_refused_and_leaves_everything(plain, threads):
    """Also the statistics of the images before, which could be computed; the engine goes on working."""
    graph = plain.network((2, 4, 4), CONV, BN, "ReLU", "GlobalAveragePooling", BN, HEAD, "Softmax")
    parameters = initialise(graph, 1)
    with plain.cut([2]), Engine(graph, parameters, batch_size=4, threads=threads) as engine:
        x, y = plain.samples(graph, 4, dtype=np.float32)
        engine.train_step(ArrayBatch(x, y), epoch=0, step=0)
        before = {name: array.copy() for name, array in parameters.named().items()}
        with pytest.raises(GraphError, match=r'layers\[4\] "n4_batchnormalization": .* this step has 1 sample'):
            engine.train_step(ArrayBatch(x[:1], y[:1]), epoch=0, step=1)
        for name, array in parameters.named().items():
            np.testing.assert_array_equal(array, before[name])
        engine.train_step(ArrayBatch(x[:2], y[:2]), epoch=0, step=1)
        name = "n4_batchnormalization/running_mean"
        assert not np.array_equal(parameters.running[name], before[name])


def test_inputs_in_c_order(plain):
    shape, layers = NETWORKS["normalised first"]
    graph = plain.network((1, *shape[1:]), *layers)
    parameters = initialise(graph, 1, np.float64)
    with plain.cut([2]), Engine(graph, parameters, batch_size=7) as engine:
        x, y = plain.samples(graph, 7)
        expected = plain.step(graph, engine.plan, parameters, x, y)
        plain.same(plain.engine_step(engine, np.ascontiguousarray(x), y), expected, 1e-10)


def test_targets_of_other_kinds(plain):
    """One-hot rows give what labels give; float targets come in the pieces' order."""
    shape, layers = NETWORKS["dense"]
    graph = plain.network(shape, *layers)
    x, y = plain.samples(graph, 9)
    outcomes = []
    for targets in (y, np.eye(4)[y]):
        with plain.cut([2]), Engine(graph, initialise(graph, 1, np.float64), batch_size=9) as engine:
            outcomes.append(plain.engine_step(engine, x, targets))
    plain.same(*outcomes, 1e-12)


@pytest.mark.parametrize("name", ["convolutions", "normalised", "flat between", "even kernels", "layer normalised"])
def test_gradient_of_the_whole_network_by_differences(plain, name):
    """Central differences of the loss along one random direction through all parameters."""
    shape, layers = NETWORKS[name]
    graph = plain.network(shape, *[("SiLU" if each in ("ReLU", "LeakyReLU") else each) for each in layers])  # no kinks
    parameters = initialise(graph, 1, np.float64)
    x, y = plain.samples(graph, 8)
    rng = np.random.default_rng(5)
    direction = np.zeros_like(parameters.vector)
    direction[...] = rng.normal(size=direction.size)
    start, width = parameters.vector.copy(), 1e-6
    with plain.cut([3]), Engine(graph, parameters, batch_size=8) as engine:
        gradient = np.concatenate([g.ravel() for g in plain.engine_step(engine, x, y).gradients.values()])
        assert np.isfinite(gradient).all()
        named = [array for own in parameters.gradients.values() for array in own.values()]
        parameters.gradient[...] = 0  # the gaps between parameters
        engine.train_step(ArrayBatch(x, y), epoch=0, step=0)
        slope = parameters.gradient @ direction
        assert len(named) == len(parameters.named()) - len(parameters.running)
        ends = []
        for sign in (1, -1):
            parameters.vector[...] = start + sign * width * direction
            ends.append(engine.train_step(ArrayBatch(x, y), epoch=0, step=0)[0] / 8)
    np.testing.assert_allclose(slope, (ends[0] - ends[1]) / (2 * width), rtol=2e-5)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", ["normalised", "dense"])
def test_a_batch_size_beyond_the_samples_takes_no_memory_and_changes_no_bit(plain, name, threads, monkeypatch):
    """Batches are cut as by the batch size, and memory is taken for the samples that there are."""
    shape, layers = NETWORKS[name]
    graph = plain.network(shape, *layers)
    x, y = plain.samples(graph, 40)

    def outcome(size, samples):
        parameters = initialise(graph, 1, np.float64)
        with Engine(graph, parameters, batch_size=size, samples=samples, threads=threads) as engine:
            sums = engine.train_step(ArrayBatch(x, y), epoch=0, step=0)
            return sums, parameters.gradient.copy(), engine.evaluate(ArrayBatch(x, y)), engine.predict(x)

    taken = []
    for module in (inference_module, handover_module, tables_module):  # not what the lanes take, whatever the samples
        monkeypatch.setattr(
            module, "shared_zeros", lambda size, dtype: taken.append(np.prod(size)) or shared_zeros(size, dtype)
        )
    reserve = Workspace.reserve

    def note(workspace, names, size, dtype):
        taken.append(len(names) * size * workspace.batch_size)
        reserve(workspace, names, size, dtype)

    monkeypatch.setattr(Workspace, "reserve", note)
    expected, large = outcome(5000, None), sum(taken)
    taken.clear()
    for one, other in zip(expected, outcome(5000, 40), strict=True):
        assert np.array_equal(one, other)
    assert sum(taken) <= max(large / 100, 16)  # what a single piece sums up has 16 numbers
    outcome(10**30, 40)
    with (
        Engine(graph, initialise(graph, 1), batch_size=5000, samples=40) as engine,
        pytest.raises(ValueError, match="40"),
    ):
        engine.train_step(ArrayBatch(*plain.samples(graph, 41)), epoch=0, step=0)
