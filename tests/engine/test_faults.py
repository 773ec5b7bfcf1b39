"""What goes wrong in a step: errors with their place, numbers that are not finite, and what is left behind."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from graphnn.engine.batch import ArrayBatch
from graphnn.engine.engine import Engine
from graphnn.errors import GraphError
from graphnn.graph.initialisation import initialise
from graphnn.layers.base import LAYERS, Layer
from graphnn.layers.batch_normalization import BatchNormalization
from graphnn.layers.batchwise import BatchwiseLayer

CONV, HEAD, BN = ("Conv2D", {"filters": 2}), ("Dense", {"units": 4}), "BatchNormalization"


@dataclass(frozen=True)
class Failing(Layer):
    """Raises where it is told to, for inputs from `least` on, and is otherwise not there."""

    where: str = ""
    least: float = -1e9

    def prepare(self, params, ctx):
        self.fail("prepare" if ctx.training else "prepare in inference")

    def forward(self, params, x, ctx):
        if x.max() >= self.least:
            self.fail("forward" if ctx.training else "inference")

        def backward(dy):
            if x.max() >= self.least:
                self.fail("backward")
            return dy, {}

        return x, backward

    def fail(self, here):
        if here == self.where:
            raise ValueError("no such luck")


@dataclass(frozen=True)
class FailingBatchwise(BatchNormalization):
    """Raises in the method that it is told to."""

    where: str = ""

    def __getattribute__(self, name):
        if name != "where" and name == self.where:

            def fail(*_):
                raise ValueError("no such luck")

            return fail
        return super().__getattribute__(name)


@pytest.fixture(autouse=True)
def _registered(monkeypatch):
    for layer in (Failing, FailingBatchwise):
        monkeypatch.setitem(LAYERS, layer.__name__, layer)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("where", ["prepare", "forward", "backward", "inference", "prepare in inference"])
def test_an_error_tells_its_node(plain, where, threads):
    graph = plain.network((1, 4, 6), CONV, ("Failing", {"where": where}), BN, "Flatten", HEAD, "Softmax")
    x, y = plain.samples(graph, 8)
    with plain.cut([2]), Engine(graph, initialise(graph, 0, np.float64), batch_size=8, threads=threads) as engine:
        run = partial(engine.train_step, ArrayBatch(x, y), epoch=0, step=0)
        with pytest.raises(GraphError) as caught:
            partial(engine.predict, x)() if "inference" in where else run()
        assert str(caught.value) == 'layers[1] "n1_failing" (Failing, input 2×4×6): ValueError: no such luck'
        assert isinstance(caught.value.__cause__, ValueError)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    "where", ["partial_sums", "combine", "apply", "backward_partial_sums", "backward_combine", "backward_apply"]
)
def test_so_does_one_at_a_barrier(plain, where, threads):
    assert hasattr(BatchwiseLayer, where)
    layers = [CONV, "ReLU", ("FailingBatchwise", {"where": where}), "Flatten", HEAD, "Softmax"]
    graph = plain.network((1, 4, 6), *layers)
    x, y = plain.samples(graph, 8)
    with plain.cut([2]), Engine(graph, initialise(graph, 0, np.float64), batch_size=8, threads=threads) as engine:
        with pytest.raises(GraphError) as caught:
            engine.train_step(ArrayBatch(x, y), epoch=0, step=0)
        expected = 'layers[2] "n2_failingbatchwise" (FailingBatchwise, input 2×4×6): ValueError: no such luck'
        assert str(caught.value) == expected


@pytest.mark.parametrize("where", ["forward", "backward"])
def test_a_step_after_a_failed_one_is_sound(plain, where):
    """A layer that fails for one sample, in some piece, leaves nothing behind that a later step rests on."""
    failing = ("Failing", {"where": where, "least": 1e3})
    graph = plain.network((2, 5, 5), CONV, "ReLU", failing, CONV, BN, "Flatten", HEAD, "Softmax")
    parameters = initialise(graph, 0, np.float64)
    parameters.values["n0_conv2d"]["biases"][...] = 1
    x, y = plain.samples(graph, 7)
    with plain.cut([2, 3]), Engine(graph, parameters, batch_size=7, threads=2) as engine:
        for sample in range(7):
            statistics = {name: array.copy() for name, array in parameters.running.items()}
            wrong = x.copy("K")
            wrong[sample] *= 1e6
            with pytest.raises(GraphError, match=r'layers\[2\] "n2_failing" .* no such luck'):
                engine.train_step(ArrayBatch(wrong, y), epoch=0, step=0)
            for name, array in statistics.items():
                parameters.running[name][...] = array
            expected = plain.step(graph, engine.plan, parameters, x, y)
            plain.same(plain.engine_step(engine, x, y), expected, 1e-9)


def test_a_wrong_input_tells_the_first_node(plain):
    graph = plain.network((5,), HEAD, "Softmax")
    story = r'layers\[0\] "n0_dense" \(Dense, input 5\): ValueError'
    with Engine(graph, initialise(graph, 0), batch_size=4) as engine, pytest.raises(GraphError, match=story):
        engine.train_step(ArrayBatch(np.ones((4, 6), np.float32), np.zeros(4, np.int64)), epoch=0, step=0)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("value", [1e38, np.inf, np.nan])
def test_numbers_that_are_not_finite_give_no_warning(plain, value, threads):
    """Warnings are errors here, as everywhere in the tests; 1e38 overflows in what is squared."""
    graph = plain.network((2, 4, 4), CONV, BN, "ReLU", "Flatten", HEAD, BN, "Softmax")
    parameters = initialise(graph, 0)
    x, y = plain.samples(graph, 8, dtype=np.float32)
    x[0, 0, 0, 0] = value
    x[1, 1, 2, 2] = -value
    with plain.cut([2]), Engine(graph, parameters, batch_size=8, threads=threads) as engine:
        loss = engine.train_step(ArrayBatch(x, y), epoch=0, step=0)[0]
        engine.evaluate(ArrayBatch(x, y))
        engine.predict(x)
        assert np.isfinite(value) or (not np.isfinite(loss) and engine.first_non_finite(x, epoch=0, step=0) is not None)


@pytest.mark.parametrize("wrong", ["n1_conv2d", "n3_batchnormalization", "n6_dense"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_the_first_node_that_is_not_finite(plain, wrong, value):
    layers = ["Tanh", CONV, "Tanh", BN, ("Dropout", {"rate": 0.1}), "Flatten", HEAD, "Softmax"]
    graph = plain.network((2, 4, 4), *layers)
    parameters = initialise(graph, 0)
    x, _ = plain.samples(graph, 8, dtype=np.float32)
    with Engine(graph, parameters, batch_size=8) as engine:
        statistics = {name: array.copy() for name, array in parameters.running.items()}
        assert engine.first_non_finite(x, epoch=0, step=0) is None
        next(iter(parameters.values[wrong].values()))[0] = value
        node = engine.first_non_finite(x, epoch=0, step=0)
        assert node is not None
        assert node.name == wrong
        for name, array in statistics.items():
            np.testing.assert_array_equal(parameters.running[name], array)
        x[0] = np.nan
        node = engine.first_non_finite(x, epoch=0, step=0)
        assert node is not None
        assert node.index == 0


def blas_threads():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def test_blas_gets_its_threads_back(plain):
    graph = plain.network((5,), HEAD, "Softmax")
    before = blas_threads()
    with Engine(graph, initialise(graph, 0), batch_size=4):
        assert set(blas_threads()) == {1}
        with Engine(graph, initialise(graph, 0), batch_size=4):
            assert set(blas_threads()) == {1}
        assert set(blas_threads()) == {1}
    assert blas_threads() == before
    with pytest.raises(ZeroDivisionError), Engine(graph, initialise(graph, 0), batch_size=4):
        raise ZeroDivisionError
    assert blas_threads() == before
