"""Prediction and evaluation equal the layers in inference, for any number of samples."""

import numpy as np
import pytest

from graphnn.engine import inference
from graphnn.engine.batch import ArrayBatch
from graphnn.engine.engine import Engine
from graphnn.graph.initialisation import initialise
from graphnn.layers.batchwise import no_backward
from graphnn.layers.relu import ReLU
from graphnn.layers.softmax import Softmax
from graphnn.losses.binary_cross_entropy import BinaryCrossEntropy
from graphnn.losses.mean_squared_error import MeanSquaredError

CONV = ("Conv2D", {"filters": 3})
HEAD = ("Dense", {"units": 4})
BN, DROP = "BatchNormalization", ("Dropout", {"rate": 0.3})
NETWORKS = {
    "classes": ([CONV, BN, "ReLU", "MaxPooling2D", DROP, CONV, BN, "GELU", "Flatten", HEAD, "Softmax"], None),
    "values": ([BN, CONV, "LayerNormalization", "GlobalAveragePooling", HEAD], MeanSquaredError()),
    "yes or no": ([DROP, "Flatten", "SiLU", HEAD, "Sigmoid"], BinaryCrossEntropy()),
    "odd": (
        [("Conv2D", {"filters": 2, "kernel_size": 2}), "ELU", "AveragePooling2D", "Flatten", BN, HEAD, BN],
        MeanSquaredError(),
    ),
}


def ready(plain, name):
    """Return a graph, its parameters with running statistics that tell, and samples to be had by number."""
    layers, loss = NETWORKS[name]
    graph = plain.network((2, 6, 6), *layers, loss=loss)
    parameters = initialise(graph, 1, np.float64)
    rng = np.random.default_rng(4)
    for array in parameters.running.values():
        array += rng.uniform(0.1, 2, array.shape)

    def take(n):
        x, y = plain.samples(graph, n, seed=n)
        return x, rng.uniform(size=(n, 4)) if name == "yes or no" else y

    return graph, parameters, take


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("pieces", [[3], None], ids=str)
def test_equal_to_the_layers_in_inference(plain, name, pieces):
    graph, parameters, take = ready(plain, name)
    before = parameters.vector.copy(), {key: array.copy() for key, array in parameters.running.items()}

    def compare():
        with Engine(graph, parameters, batch_size=8, threads=2) as engine:
            for n in (1, 7, 8, 30, 2, 100, 30):
                x, y = take(n)
                given = x.copy()
                expected = plain.inference(graph, parameters, x)
                y_pred = engine.predict(x)
                assert y_pred.shape == (n, *graph.output_shape)
                np.testing.assert_allclose(y_pred, expected, rtol=1e-10, atol=1e-12)
                sums = engine.evaluate(ArrayBatch(x, y))
                exact = graph.loss.piece(y, expected, n, logits=False, dy=None)
                np.testing.assert_allclose(sums, exact, rtol=1e-8)
                np.testing.assert_array_equal(x, given)

    if pieces is None:
        compare()
    else:
        with plain.cut(pieces):
            compare()
    np.testing.assert_array_equal(parameters.vector, before[0])
    for key, array in parameters.running.items():
        np.testing.assert_array_equal(array, before[1][key])


def test_no_samples(plain):
    graph, parameters, _ = ready(plain, "classes")
    with Engine(graph, parameters, batch_size=8) as engine:
        assert engine.predict(np.empty((0, 2, 6, 6))).shape == (0, 4)
        assert np.all(engine.evaluate(ArrayBatch(np.empty((0, 2, 6, 6)), np.empty(0, np.int64))) == 0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_dtype_is_kept(plain, dtype):
    graph, _, _ = ready(plain, "classes")
    parameters = initialise(graph, 1, dtype)
    x, y = plain.samples(graph, 5, dtype=dtype)
    with Engine(graph, parameters, batch_size=8) as engine:
        assert engine.predict(x).dtype == dtype
        assert engine.evaluate(ArrayBatch(x, y)).dtype == np.float64
        assert engine.train_step(ArrayBatch(x, y), epoch=0, step=0).dtype == np.float64


def test_an_output_that_is_an_image(plain):
    graph = plain.network((2, 6, 6), CONV, "ReLU", loss=MeanSquaredError())
    parameters = initialise(graph, 1, np.float64)
    x, _ = plain.samples(graph, 9)
    with plain.cut([2]), Engine(graph, parameters, batch_size=4) as engine:
        np.testing.assert_allclose(engine.predict(x), plain.inference(graph, parameters, x), rtol=1e-12)


def test_prediction_between_steps_uses_the_new_parameters(plain):
    """What layers prepare once must not outlive the parameters that it was made of."""
    graph, parameters, take = ready(plain, "classes")
    x, y = take(8)
    with Engine(graph, parameters, batch_size=8) as engine:
        for step in range(3):
            engine.train_step(ArrayBatch(x, y), epoch=0, step=step)
            parameters.vector -= 0.1 * parameters.gradient
            np.testing.assert_allclose(engine.predict(x), plain.inference(graph, parameters, x), rtol=1e-10, atol=1e-12)


def test_the_mode_does_not_leak(plain):
    """Prediction draws nothing and takes no statistics; the sums of evaluation may be added up over parts."""
    graph, parameters, take = ready(plain, "classes")
    x, y = take(30)
    with Engine(graph, parameters, batch_size=8) as engine:
        np.testing.assert_array_equal(engine.predict(x), engine.predict(x))
        parts = engine.evaluate(ArrayBatch(x[:11], y[:11])) + engine.evaluate(ArrayBatch(x[11:], y[11:]))
        np.testing.assert_allclose(parts, engine.evaluate(ArrayBatch(x, y)), rtol=1e-12)


@pytest.mark.parametrize("changed", ["n0_conv2d/weights", "n1_batchnormalization/running_mean", "n4_dense/weights"])
def test_parameters_changed_between_two_passes_are_seen(plain, changed):
    layers = (("Conv2D", {"filters": 3}), "BatchNormalization", "ReLU", "Flatten", ("Dense", {"units": 4}), "Softmax")
    graph = plain.network((2, 5, 5), *layers)
    parameters = initialise(graph, 0)
    x, _ = plain.samples(graph, 3, dtype=np.float32)
    with Engine(graph, parameters, batch_size=3, threads=1) as engine:
        before = engine.predict(x)
        assert engine.predict(x).tobytes() == before.tobytes()
        parameters.named()[changed][...] += 0.5
        after = engine.predict(x)
    with Engine(graph, parameters, batch_size=3, threads=1) as engine:
        assert engine.predict(x).tobytes() == after.tobytes() != before.tobytes()


@pytest.mark.parametrize("name", ["classes", "odd"])
def test_pieces_of_many_sizes_in_turn(plain, name):
    """What is bound to memory for pieces of one size must not outlive the memory, which larger ones replace."""
    graph, parameters, take = ready(plain, name)
    with Engine(graph, parameters, batch_size=8, threads=1) as engine:
        for n in (1, 3, 40, 1, 2, 3, 200, 1, 40):
            x, _ = take(n)
            np.testing.assert_allclose(engine.predict(x), plain.inference(graph, parameters, x), rtol=1e-10, atol=1e-12)


def test_what_is_bound_does_not_hold_memory_that_was_replaced(plain):
    graph, parameters, take = ready(plain, "classes")
    with Engine(graph, parameters, batch_size=8, threads=1) as engine:
        for n in (1, 200, 1):
            engine.predict(take(n)[0])
        memory = engine._program.inference._workspace.thread
        slots = [arena.take((1,), parameters.dtype) for arena in memory.slots]
        for _, bound in memory.bound.values():
            assert any(np.shares_memory(bound.x, slot) for slot in slots)


def test_more_sizes_than_are_kept_bound(plain, monkeypatch):
    monkeypatch.setattr(inference, "BOUND", 3)
    graph, parameters, take = ready(plain, "classes")
    with Engine(graph, parameters, batch_size=8, threads=1) as engine:
        for n in (*range(1, 8), *range(1, 8)):
            x, _ = take(n)
            np.testing.assert_allclose(engine.predict(x), plain.inference(graph, parameters, x), rtol=1e-10, atol=1e-12)
        assert len(engine._program.inference._workspace.thread.bound) <= 3


def test_an_array_that_replaces_a_parameter_is_seen(plain):
    """Also one whose elements lie apart, which cannot be compared at once."""
    graph, parameters, take = ready(plain, "classes")
    x, _ = take(3)
    with Engine(graph, parameters, batch_size=8, threads=1) as engine:
        engine.predict(x)
        values = parameters.values["n1_batchnormalization"]
        for new in (values["gamma"] + 1, np.repeat(values["gamma"] - 1, 2)[::2]):
            values["gamma"] = new
            for change in (0, 0.5):
                new += change
                expected = plain.inference(graph, parameters, x)
                np.testing.assert_allclose(engine.predict(x), expected, rtol=1e-10, atol=1e-12)


def test_a_layer_derived_from_one_that_binds_computes_what_it_says(plain):
    class Halves(Softmax):
        def forward(self, params, x, ctx):
            return 0.5 * super().forward(params, x, ctx)[0], no_backward

    graph = plain.network((3,), ("Dense", {"units": 4}), Halves(), loss=MeanSquaredError())
    parameters = initialise(graph, 0)
    x = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    with Engine(graph, parameters, batch_size=5, threads=1) as engine:
        for _ in range(2):
            np.testing.assert_allclose(engine.predict(x).sum(axis=1), 0.5, rtol=1e-6)


def test_a_layer_that_returns_an_array_of_its_own_each_time(plain):
    """The next layer is bound to the first one's memory, and must take the others all the same."""

    class Doubled(ReLU):
        def forward(self, params, x, ctx):
            return 2 * np.maximum(x, 0), no_backward

    graph = plain.network((3,), ("Dense", {"units": 4}), Doubled(), ("Dense", {"units": 2}), loss=MeanSquaredError())
    parameters = initialise(graph, 0)
    with Engine(graph, parameters, batch_size=5, threads=1) as engine:
        for seed in range(5):
            x = np.random.default_rng(seed).normal(size=(5, 3)).astype(np.float32)
            np.testing.assert_allclose(engine.predict(x), plain.inference(graph, parameters, x), rtol=1e-6, atol=1e-6)
