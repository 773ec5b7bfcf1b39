"""The fast convolution against the reference, with scratch full of NaN."""

from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from graphnn.kernels import convolution
from graphnn.kernels.convolution import (
    Epilogue,
    Window,
    blocks,
    convolve,
    gather,
    input_gradient,
    rotated,
    weights_gradient,
)
from graphnn.kernels.im2col import convolve as reference
from graphnn.kernels.im2col import convolve_backward as reference_backward
from graphnn.kernels.im2col import determine_padding
from graphnn.kernels.planar import Planar

SMALL = st.tuples(st.integers(1, 3), st.integers(1, 3))


@st.composite
def cases(draw):
    """Sizes (n, C, H, W), filters D, and a window of which at least one fits."""
    kernel = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    if draw(st.booleans()):
        before, after = determine_padding(kernel, "same")
    else:
        before, after = (draw(st.tuples(st.integers(0, 6), st.integers(0, 6))) for _ in range(2))
    size = [draw(st.integers(max(1, kernel[a] - before[a] - after[a]), 8)) for a in (0, 1)]
    strides = draw(st.sampled_from([(1, 1), None])) or draw(SMALL)
    filters = draw(st.integers(1, 4))
    # equal ones make frames of one shape; the compiled gather copies sixteen numbers at a time
    channels = draw(st.one_of(st.just(filters), st.integers(1, 4), st.sampled_from([9, 16, 17])))
    return (draw(st.integers(1, 5)), channels, *size), filters, Window(kernel, strides, before, after)


def in_order(kernels, x, last, dtype):
    return kernels.channels_last(x, dtype) if last else np.ascontiguousarray(x, dtype)


@settings(max_examples=120, deadline=None)
@given(
    cases(),
    st.sampled_from([1, 300, 2000, 2**20]),
    st.booleans(),
    st.booleans(),
    st.tuples(st.booleans(), st.booleans()),
    st.sampled_from([np.float32, np.float64]),
    st.integers(0, 2**32),
)
@example(((2, 3, 4, 4), 3, Window((2, 2), (1, 1), (0, 0), (1, 1))), 2**20, True, True, (True, True), np.float32, 0)
@example(((2, 1, 4, 5), 2, Window((2, 3))), 2**20, False, False, (False, False), np.float64, 0)
def test_equal_to_the_reference(kernels, operations, case, block_bytes, x_last, W_last, after, dtype, seed):
    """Forward and both gradients, three times over the same memory: what one call leaves in it must not matter."""
    shape, filters, window = case
    rng = np.random.default_rng(seed)
    scratch, gathering = kernels.Scratch(), operations.im2col.gather
    # Sums of hundreds of products, the largest of them some ten units, lose a few of the last bits.
    tolerance = {"rtol": 2e-6, "atol": 3e-5} if dtype == np.float32 else {"rtol": 0, "atol": 1e-12}
    out = window.output(shape[2:])
    padding = (window.before, window.after)
    for _ in range(3):
        x, W = rng.normal(size=shape), rng.normal(size=(filters, shape[1], *window.kernel))
        dy = rng.normal(size=(shape[0], filters, *out))
        x, W, dy = (array.astype(dtype) for array in (x, W, dy))
        x_in_order, dy_in_order = in_order(kernels, x, x_last, dtype), in_order(kernels, dy, x_last, dtype)
        order = np.ascontiguousarray(W.transpose(2, 3, 1, 0)).transpose(3, 2, 0, 1) if W_last else W
        y = kernels.channels_last(np.full(dy.shape, np.nan, dtype))
        dW = np.full_like(order, np.nan)
        dx = kernels.channels_last(np.full(shape, np.nan, dtype))
        scattered = in_order(kernels, np.full(shape, np.nan), x_last, dtype)
        planar_y, planar_dW = kernels.channels_last(np.full(dy.shape, np.nan, dtype)), np.full_like(order, np.nan)
        biases = rng.normal(size=filters).astype(dtype)
        with patch.object(convolution, "BLOCK_BYTES", block_bytes):
            epilogue = Epilogue(biases if after[0] else None, relu=after[1])
            Planar().convolve(x_in_order, order, window, planar_y, scratch, epilogue)
            Planar().weights_gradient(x_in_order, dy_in_order, window, planar_dW, scratch)
            convolve(x_in_order, order, window, y, scratch, epilogue, gathering)
            weights_gradient(x_in_order, dy_in_order, window, dW, scratch, gathering)
            input_gradient(dy_in_order, order, window, scattered, scratch)
            if window.rotated is not None:
                convolve(dy_in_order, rotated(order), window.rotated, dx, scratch, gather=gathering)
        x, W, dy = (array.astype(np.float64) for array in (x, W, dy))
        expected = reference(x, W, padding, window.strides)
        expected += biases[:, None, None] if after[0] else 0
        np.testing.assert_allclose(y, np.maximum(expected, 0) if after[1] else expected, **tolerance)
        np.testing.assert_allclose(planar_y, y, **tolerance)
        np.testing.assert_allclose(planar_dW, dW, rtol=0, atol=tolerance["atol"] * 10)
        expected_dx, expected_dW = reference_backward(x, W, dy, padding, window.strides)
        np.testing.assert_allclose(dW, expected_dW, rtol=0, atol=tolerance["atol"] * 10)
        np.testing.assert_allclose(scattered, expected_dx, **tolerance)
        if window.rotated is not None:
            np.testing.assert_allclose(dx, expected_dx, **tolerance)


def test_a_single_channel_in_c_order_without_padding(kernels):
    """The stride of an axis of length 1 may be any number, so it must never be used."""
    x = np.arange(2 * 1 * 4 * 5, dtype=np.float64).reshape(2, 1, 4, 5)
    rows = gather(x, Window((2, 3)), kernels.Scratch())
    assert rows.shape == (2 * 3 * 3, 6)
    assert rows[0].tolist() == [0, 1, 2, 5, 6, 7]
    assert rows[-1].tolist() == [32, 33, 34, 37, 38, 39]


def test_an_even_kernel_keeps_its_frames_apart(kernels):
    """Forward pads below and to the right, the input gradient above and to the left, in arrays of one shape."""
    window = Window((2, 2), (1, 1), (0, 0), (1, 1))
    assert window.rotated == Window((2, 2), (1, 1), (1, 1), (0, 0))
    scratch = kernels.Scratch()
    x = kernels.channels_last(np.ones((1, 1, 3, 3)))
    expected = gather(x, window, scratch).copy()
    gather(x * 7, window.rotated, scratch)
    np.testing.assert_array_equal(gather(x, window, scratch), expected)


def test_twice_the_images_of_half_as_many_channels_keep_their_frames_apart(kernels, operations):
    """They take the same amount of memory, but their padding is at other positions in it."""
    window, scratch = Window((3, 3), (1, 1), (1, 1), (1, 1)), kernels.Scratch()
    two, one = (kernels.channels_last(np.ones(shape), np.float32) for shape in ((2, 3, 4, 4), (1, 6, 4, 4)))
    expected = [operations.im2col.gather(x, window, kernels.Scratch()) for x in (two, one)]
    for x, rows in zip((two, one, two), (*expected, expected[0]), strict=True):
        np.testing.assert_array_equal(operations.im2col.gather(x, window, scratch), rows)
    assert expected[0].sum() == expected[1].sum() == 6 * (4 * 9 + 8 * 6 + 4 * 4)


@pytest.mark.parametrize(
    ("window", "rotated"),
    [
        (Window((3, 3), (1, 1), (1, 1), (1, 1)), Window((3, 3), (1, 1), (1, 1), (1, 1))),
        (Window((4, 1), (1, 1), (1, 0), (2, 0)), Window((4, 1), (1, 1), (2, 0), (1, 0))),
        (Window((3, 5)), Window((3, 5), (1, 1), (2, 4), (2, 4))),
        (Window((1, 1)), Window((1, 1))),
        (Window((3, 3), (1, 2), (1, 1), (1, 1)), None),  # a stride
        (Window((1, 1), (1, 1), (1, 1), (1, 1)), None),  # more padding than the kernel reaches over
    ],
)
def test_rotated(window, rotated):
    assert window.rotated == rotated


def test_pointwise():
    assert Window((1, 1)).pointwise
    assert not Window((1, 2)).pointwise
    assert not Window((1, 1), (2, 1)).pointwise
    assert not Window((1, 1), (1, 1), (0, 1)).pointwise
    assert not Window((1, 1), (1, 1), (0, 0), (1, 0)).pointwise


@pytest.mark.parametrize(("size", "output"), [((5, 9), (2, 2)), ((3, 4), (1, 1)), ((2, 9), (0, 2)), ((1, 1), (0, 0))])
def test_output(size, output):
    assert Window((3, 4), (2, 5)).output(size) == output


def test_blocks(monkeypatch):
    monkeypatch.setattr(convolution, "BLOCK_BYTES", 100)
    assert list(blocks(5, 40)) == [slice(0, 2), slice(2, 4), slice(4, 5)]
    assert list(blocks(3, 1000)) == [slice(0, 1), slice(1, 2), slice(2, 3)]
    assert list(blocks(3, 0)) == [slice(0, 3)]
    assert list(blocks(0, 10)) == []
