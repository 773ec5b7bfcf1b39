"""Inputs and targets in any order of memory give the same bits, with one thread and with two."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphnn.engine.batch import ArrayBatch
from graphnn.engine.engine import Engine
from graphnn.engine.handover import in_engine_order
from graphnn.graph.initialisation import initialise
from graphnn.layers.context import empty_channels_last
from graphnn.losses.mean_squared_error import MeanSquaredError

NETWORKS = {
    "images": ((3, 9, 9), ["BatchNormalization", ("Conv2D", {"filters": 16}), "BatchNormalization", "ReLU"]),
    "grey images": ((1, 9, 9), [("Conv2D", {"filters": 5}), "LayerNormalization", "MaxPooling2D"]),
    "averaged": ((16, 9, 9), ["BatchNormalization", "GELU", "GlobalAveragePooling"]),
    "layer normalised": ((16, 9, 9), ["LayerNormalization", "PReLU"]),
    "vectors": ((37,), ["LayerNormalization", ("Dense", {"units": 20}), "BatchNormalization", "Tanh"]),
}
HEAD = ["Flatten", ("Dense", {"units": 7}), "Softmax"]


def steps_back(x):
    """Return a view with negative strides."""
    return np.flip(np.flip(x).copy())


def one_of_two(x):
    """Return a view of every second sample, pixel and channel of a larger array."""
    larger = np.zeros([2 * size for size in x.shape], x.dtype)
    view = larger[(slice(None, None, 2),) * x.ndim]
    view[...] = x
    return view


def unaligned(x):
    """Return an array that starts at an odd address."""
    memory = np.empty(x.nbytes + 1, np.uint8)[1:].view(x.dtype).reshape(x.shape)
    memory[...] = x
    return memory


def last(x):
    copy = empty_channels_last(x.shape, x.dtype)
    copy[...] = x
    return copy


ORDERS = {
    "C": np.ascontiguousarray,
    "Fortran": np.asfortranarray,
    "channels last": last,
    "negative strides": steps_back,
    "strided": one_of_two,
    "other bytes": lambda x: x.astype(x.dtype.newbyteorder()),
    "unaligned": unaligned,
    "some axes swapped": lambda x: np.moveaxis(np.moveaxis(x, -1, 0).copy(), 0, -1),
}


def everything(graph, kernels, threads, x, y):
    """Return the results of every method that takes samples, as bytes."""
    parameters = initialise(graph, 3)
    with Engine(graph, parameters, batch_size=12, threads=threads, kernels=kernels) as engine:
        batch = ArrayBatch(x, y)
        found = {"step": engine.train_step(ArrayBatch(x[:12], y[:12]), epoch=0, step=0).tobytes()}
        found["gradient"] = b"".join(array.tobytes() for own in parameters.gradients.values() for array in own.values())
        found["running"] = b"".join(array.tobytes() for array in parameters.running.values())
        found["predict"] = engine.predict(x).tobytes()
        found["evaluate"] = engine.evaluate(batch).tobytes()
        found["loss inputs"] = engine.loss_inputs(batch).tobytes()
        found["first"] = engine.first_non_finite(x[:12], epoch=0, step=0) is None
    return found


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.usefixtures("small_pieces")
def test_every_order_gives_the_same_bits(plain, operations, name):
    shape, layers = NETWORKS[name]
    graph = plain.network(shape, *layers, *HEAD[len(shape) == 1 :])
    rng = np.random.default_rng(1)
    x = np.maximum(rng.normal(size=(30, *shape)), 0).astype(np.float32)
    y = rng.dirichlet(np.ones(7), 30).astype(np.float32)
    expected = everything(graph, operations, 1, last(x), y)
    for order, placed in ORDERS.items():
        for threads in (1, 2):
            found = everything(graph, operations, threads, placed(x), placed(y))
            if order == "C":
                assert everything(graph, operations, threads, x.astype(np.float64), y) == found
            differing = [key for key in expected if found[key] != expected[key]]
            assert not differing, (order, threads)


@pytest.mark.usefixtures("small_pieces")
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.tuples(st.sampled_from([1, 3, 16]), st.integers(1, 9), st.integers(1, 9)),
    st.permutations(range(4)),
    st.tuples(*[st.sampled_from([1, -1, 2, -3])] * 4),
    st.integers(0, 2**32),
)
def test_any_axes_and_strides(plain, operations, shape, axes, strides, seed):
    """The axes of a larger array in any order in memory; along each, every number or some, forwards or backwards."""
    graph = plain.network(shape, ("Conv2D", {"filters": 3}), *HEAD[:2], loss=MeanSquaredError())
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(13, *shape)).astype(np.float32), rng.normal(size=(13, 7)).astype(np.float32)
    sizes = [size * abs(stride) for size, stride in zip(x.shape, strides, strict=True)]
    memory = np.zeros([sizes[axis] for axis in axes], np.float32).transpose(np.argsort(axes))
    view = memory[tuple(slice(None, None, stride) for stride in strides)]
    view[...] = x
    expected = everything(graph, operations, 1, last(x), y)
    assert everything(graph, operations, 1, view, y) == expected
    assert not np.shares_memory(x, view)


def test_one_that_lies_right_is_not_copied():
    for x in (last(np.ones((4, 3, 2, 2), np.float32)), np.ones((4, 3), np.float32), np.arange(5)):
        ordered = in_engine_order(x, x.dtype)
        assert np.shares_memory(ordered, x)
        assert ordered.strides == x.strides
