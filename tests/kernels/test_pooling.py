"""Pooling against plain loops: every window size, stride and memory order, ties, and borders left out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphnn.kernels.convolution import Window
from graphnn.kernels.pooling import average_pool, average_pool_gradient, shifted_views

CHANNELS = st.one_of(st.integers(1, 40), st.sampled_from([16, 32]))


@st.composite
def cases(draw):
    """Windows that overlap, leave gaps, or lie side by side, the last of them short of the border or not."""
    kernel, strides = (draw(st.tuples(st.integers(1, 4), st.integers(1, 4))) for _ in range(2))
    if draw(st.booleans()):
        strides = kernel
    size = [draw(st.integers(kernel[axis], 9)) for axis in (0, 1)]
    return (draw(st.integers(1, 3)), draw(CHANNELS), *size), Window(kernel, strides)


def plain(x, dy, window):
    """Return both poolings and both input gradients, window by window."""
    mean, largest = np.zeros(dy.shape), np.zeros(dy.shape)
    from_mean, from_largest = np.zeros(x.shape), np.zeros(x.shape)
    (kernel_h, kernel_w), (stride_h, stride_w) = window.kernel, window.strides
    for p, q in np.ndindex(dy.shape[2:]):
        there = np.s_[..., p * stride_h : p * stride_h + kernel_h, q * stride_w : q * stride_w + kernel_w]
        seen = x[there].reshape(*x.shape[:2], -1)
        first = np.arange(seen.shape[2]) == seen.argmax(axis=2)[..., None]  # argmax gives the first
        share = dy[:, :, p, q, None, None]
        mean[:, :, p, q], largest[:, :, p, q] = seen.mean(axis=2), seen.max(axis=2)
        from_mean[there] += share / (kernel_h * kernel_w)
        from_largest[there] += share * first.reshape(*x.shape[:2], kernel_h, kernel_w)
    return largest, mean, from_largest, from_mean


@settings(max_examples=60, deadline=None)
@given(cases(), st.data(), st.sampled_from([np.float32, np.float32, np.float64]), st.integers(0, 2**32))
def test_max_pooling_against_the_plain_loop(kernels, operations, case, data, dtype, seed):
    """Integers from −2 to 2, so that there are many ties."""
    shape, window = case
    rng = np.random.default_rng(seed)
    x = rng.integers(-2, 3, shape).astype(dtype)
    dy = rng.normal(size=(*shape[:2], *window.output(shape[2:]))).astype(dtype)
    largest, _, from_largest, _ = plain(x.astype(np.float64), dy.astype(np.float64), window)
    order = st.sampled_from(kernels.ORDERS[:2] if data.draw(st.booleans()) else kernels.ORDERS)
    both = [kernels.placed(a, data.draw(order)) for a in (x, dy, dy * np.nan, x * np.nan)]
    x_in_order, dy_in_order, y, dx = (own for own, _ in both)
    operations.max_pool(x_in_order, window, y)
    np.testing.assert_array_equal(y, largest)
    again = operations.bind_max_pool(x_in_order, window, y, kernels.Scratch())
    for sign in (-1, 1):  # what is bound reads what is there when it is called
        x_in_order *= sign
        again()
        np.testing.assert_array_equal(y, plain(x_in_order.astype(np.float64), dy, window)[0])
        x_in_order *= sign
    operations.max_pool_gradient(x_in_order, y, dy_in_order, window, dx, kernels.Scratch())
    np.testing.assert_allclose(dx, from_largest, **tolerance(dtype))
    np.testing.assert_array_equal(x_in_order, x)
    assert all(untouched() for _, untouched in both)


def tolerance(dtype):
    return {"rtol": 1e-5, "atol": 1e-5} if dtype == np.float32 else {"rtol": 1e-12, "atol": 1e-12}


@pytest.mark.parametrize("channels", [3, 16])
@pytest.mark.parametrize("size", [(3, 4), (4, 3), (5, 5)])
def test_pixels_in_no_window_get_no_gradient(kernels, operations, channels, size):
    """Whatever was in the memory of dx; each window passes on its gradient of 1."""
    x = kernels.channels_last(np.ones((2, channels, *size), np.float32))
    window = Window((2, 2), (2, 2))
    y = kernels.channels_last(np.ones((2, channels, *window.output(size)), np.float32))
    dx = kernels.channels_last(np.full_like(x, np.nan))
    operations.max_pool_gradient(x, y, y, window, dx, kernels.Scratch())
    expected = np.zeros_like(x)
    expected[:, :, : size[0] - 1 : 2, : size[1] - 1 : 2] = 1
    np.testing.assert_array_equal(dx, expected)


@pytest.mark.parametrize("channels", [3, 16])
def test_what_is_not_a_number_is_the_maximum(kernels, operations, channels):
    """Wherever in the window NaN is; ±∞ are numbers like others."""
    x = np.zeros((1, channels, 2, 12), np.float32)
    for position in range(4):
        x[0, :, position // 2, 2 * position + position % 2] = np.nan
    x[0, :, 0, 8:10], x[0, :, 1, 9] = 5, np.inf
    x[0, :, :, 10:] = -np.inf
    x_in_order, y = kernels.channels_last(x), kernels.channels_last(np.empty((1, channels, 1, 6), np.float32))
    operations.max_pool(x_in_order, Window((2, 2), (2, 2)), y)
    np.testing.assert_array_equal(y[0, :, 0], [[np.nan] * 4 + [np.inf, -np.inf]] * channels)
    dx = kernels.channels_last(np.full_like(x, np.nan))
    operations.max_pool_gradient(x_in_order, y, np.ones_like(y), Window((2, 2), (2, 2)), dx, kernels.Scratch())
    np.testing.assert_array_equal(dx[0, :, :, 8:], [[[0, 0, 1, 0], [0, 1, 0, 0]]] * channels)


@settings(max_examples=60, deadline=None)
@given(cases(), st.booleans(), st.sampled_from([np.float32, np.float64]), st.integers(0, 2**32))
def test_average_pooling_against_the_plain_loop(kernels, case, last, dtype, seed):
    shape, window = case
    rng = np.random.default_rng(seed)
    x, dy = rng.normal(size=shape).astype(dtype), rng.normal(size=(*shape[:2], *window.output(shape[2:]))).astype(dtype)
    _, mean, _, from_mean = plain(x.astype(np.float64), dy.astype(np.float64), window)
    x, dy, y, dx = (kernels.channels_last(a) if last else a.copy() for a in (x, dy, dy * np.nan, x * np.nan))
    average_pool(x, window, y)
    np.testing.assert_allclose(y, mean, **tolerance(dtype))
    average_pool_gradient(dy, window, dx)
    np.testing.assert_allclose(dx, from_mean, **tolerance(dtype))


def test_window_positions_are_in_row_major_order():
    x = np.arange(12.0).reshape(1, 1, 3, 4)
    seen = [view.ravel().tolist() for view in shifted_views(x, Window((2, 2), (1, 2)))]
    assert seen == [[0, 2, 4, 6], [1, 3, 5, 7], [4, 6, 8, 10], [5, 7, 9, 11]]
