"""The plain context: fresh memory in the engine's order, the mode, and the generator."""

import numpy as np
import pytest

from graphnn.errors import GraphError
from graphnn.layers.context import Context, empty_channels_last


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (1, 1, 1, 1), (0, 3, 2, 2)])
def test_images_lie_channels_last(shape):
    for array in (
        empty_channels_last(shape, np.float32),
        Context(input_shape=()).output(shape, np.float32),
        Context(input_shape=()).dx(shape, np.float32),
        Context(input_shape=()).keep("any", shape, np.float32),
        Context(input_shape=()).like(np.empty(shape, np.float32), "any"),
    ):
        assert (array.shape, array.dtype) == (shape, np.float32)
        assert array.transpose(0, 2, 3, 1).flags.c_contiguous


@pytest.mark.parametrize("shape", [(), (4,), (4, 5), (2, 3, 4)])
def test_other_shapes_lie_in_c_order(shape):
    for array in (empty_channels_last(shape, np.bool_), Context(input_shape=()).like(np.empty(shape, np.bool_), "any")):
        assert (array.shape, array.dtype) == (shape, np.bool_)
        assert array.flags.c_contiguous


def test_scratch():
    ctx = Context(input_shape=())
    assert ctx.scratch("any", (2, 3), np.float32).flags.c_contiguous
    zeros = ctx.scratch("any", (2, 3, 4), np.float64, zeroed=True)
    assert (zeros.shape, zeros.dtype) == ((2, 3, 4), np.float64)
    assert not zeros.any()


def test_like_takes_another_dtype():
    x = np.empty((2, 3, 4, 5), np.float32)
    assert Context(input_shape=()).like(x, "any").dtype == np.float32
    assert Context(input_shape=()).like(x, "any", np.bool_).dtype == np.bool_
    assert Context(input_shape=()).like(x, "any", np.bool_).strides == (60, 1, 15, 3)


def test_a_gradient_has_the_parameters_memory_order():
    parameter = np.empty((2, 3, 4, 5), np.float32).transpose(3, 2, 1, 0)
    gradient = Context(input_shape=()).gradient("weights", parameter)
    assert (gradient.shape, gradient.strides, gradient.dtype) == (parameter.shape, parameter.strides, np.float32)
    assert not np.shares_memory(gradient, parameter)


def test_mode_and_generator():
    assert (Context(input_shape=()).training, Context(input_shape=()).needs_dx) == (False, True)
    assert Context(input_shape=(), training=True).training
    assert not Context(input_shape=(), needs_dx=False).needs_dx
    rng = np.random.default_rng(3)
    assert Context(input_shape=(), rng=rng).rng is rng


def test_a_context_without_a_generator_says_so():
    with pytest.raises(GraphError, match=r"its context has no generator: Context\(rng=…\)"):
        _ = Context(input_shape=(), training=True).rng
