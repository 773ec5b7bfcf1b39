"""Pooling against plain loops: every window size, stride and memory order, ties, and borders left out."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from graphnn.kernels.convolution import Window
from graphnn.kernels.pooling import average_pool, average_pool_gradient, max_pool, max_pool_gradient, places


@st.composite
def cases(draw):
    kernel, strides = (draw(st.tuples(st.integers(1, 4), st.integers(1, 4))) for _ in range(2))
    size = [draw(st.integers(kernel[axis], 9)) for axis in (0, 1)]
    return (draw(st.integers(1, 3)), draw(st.integers(1, 3)), *size), Window(kernel, strides)


def plain(x, dy, window):
    """Return both poolings and both input gradients, window by window."""
    mean, largest = np.zeros(dy.shape), np.zeros(dy.shape)
    from_mean, from_largest = np.zeros(x.shape), np.zeros(x.shape)
    (kernel_h, kernel_w), (stride_h, stride_w) = window.kernel, window.strides
    for n, c, p, q in np.ndindex(dy.shape):
        best = None
        for i, j in np.ndindex(kernel_h, kernel_w):
            place = (n, c, p * stride_h + i, q * stride_w + j)
            mean[n, c, p, q] += x[place] / (kernel_h * kernel_w)
            from_mean[place] += dy[n, c, p, q] / (kernel_h * kernel_w)
            if best is None or x[place] > x[best]:
                best = place
        largest[n, c, p, q] = x[best]
        from_largest[best] += dy[n, c, p, q]
    return largest, mean, from_largest, from_mean


@settings(max_examples=60, deadline=None)
@given(cases(), st.booleans(), st.sampled_from([np.float32, np.float64]), st.integers(0, 2**32))
def test_against_the_plain_loop(kernels, case, last, dtype, seed):
    """Whole numbers from −2 to 2, so that ties abound."""
    shape, window = case
    rng = np.random.default_rng(seed)
    x = rng.integers(-2, 3, shape).astype(dtype)
    dy = rng.normal(size=(*shape[:2], *window.output(shape[2:]))).astype(dtype)
    largest, mean, from_largest, from_mean = plain(x.astype(np.float64), dy.astype(np.float64), window)
    x, dy, y, dx = (kernels.channels_last(a) if last else a.copy() for a in (x, dy, dy * np.nan, x * np.nan))
    tolerance = {"rtol": 1e-5, "atol": 1e-5} if dtype == np.float32 else {"rtol": 1e-12, "atol": 1e-12}
    max_pool(x, window, y)
    np.testing.assert_array_equal(y, largest)
    max_pool_gradient(x, y, dy, window, dx, kernels.Scratch())
    np.testing.assert_allclose(dx, from_largest, **tolerance)
    average_pool(x, window, y)
    np.testing.assert_allclose(y, mean, **tolerance)
    average_pool_gradient(dy, window, dx)
    np.testing.assert_allclose(dx, from_mean, **tolerance)


def test_places_are_in_row_major_order():
    x = np.arange(12.0).reshape(1, 1, 3, 4)
    seen = [place.ravel().tolist() for place in places(x, Window((2, 2), (1, 2)))]
    assert seen == [[0, 2, 4, 6], [1, 3, 5, 7], [4, 6, 8, 10], [5, 7, 9, 11]]
