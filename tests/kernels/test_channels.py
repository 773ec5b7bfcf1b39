"""Sums and arithmetic by channel against plain float64, for all shapes and memory orders."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphnn.kernels.channels import (
    ROW_SIZE,
    channel_products,
    channel_sums,
    pixels,
    pixels_per_row,
    with_channels,
)

SHAPES = st.one_of(
    st.tuples(st.integers(1, 5), st.integers(1, 9), st.integers(1, 6), st.integers(1, 6)),
    st.tuples(st.integers(1, 4), st.sampled_from([1, 3, 64, 1500]), st.sampled_from([1, 8, 16]), st.just(8)),
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
)


def everything_but_channels(x):
    return tuple(axis for axis in range(x.ndim) if axis != 1)


@settings(max_examples=60, deadline=None)
@given(SHAPES, st.booleans(), st.booleans(), st.sampled_from([np.float32, np.float64]), st.integers(0, 2**32))
def test_against_plain_float64(kernels, shape, x_last, y_last, dtype, seed):
    rng = np.random.default_rng(seed)
    x, y = (rng.normal(size=shape).astype(dtype) for _ in range(2))
    x, y = (kernels.channels_last(a) if last else a for a, last in ((x, x_last), (y, y_last)))
    before = x.copy()
    axes = everything_but_channels(x)
    numbers = rng.normal(size=shape[1]).astype(dtype)
    exact_x, exact_y = x.astype(np.float64), y.astype(np.float64)
    tolerance = {"rtol": 1e-5, "atol": 1e-4} if dtype == np.float32 else {"rtol": 1e-12, "atol": 1e-11}
    np.testing.assert_allclose(channel_sums(x), exact_x.sum(axis=axes), **tolerance)
    np.testing.assert_allclose(channel_products(x, y), (exact_x * exact_y).sum(axis=axes), **tolerance)
    assert channel_sums(x).dtype == channel_products(x, y).dtype == np.float64
    broadcast = numbers.reshape(-1, *(1,) * (x.ndim - 2))
    out = np.empty_like(y)
    assert with_channels(np.subtract, x, numbers, out) is out
    np.testing.assert_array_equal(out, x - broadcast)
    np.testing.assert_array_equal(x, before)
    assert with_channels(np.multiply, x, numbers, x) is x
    np.testing.assert_array_equal(x, before * broadcast)


def test_sums_by_hand():
    x = np.arange(12.0).reshape(2, 3, 1, 2)
    assert channel_sums(x).tolist() == [0 + 1 + 6 + 7, 2 + 3 + 8 + 9, 4 + 5 + 10 + 11]
    assert channel_products(x, x).tolist() == [0 + 1 + 36 + 49, 4 + 9 + 64 + 81, 16 + 25 + 100 + 121]


def test_pixels(kernels):
    x = kernels.channels_last(np.arange(12.0).reshape(1, 3, 2, 2))
    assert pixels(x).tolist() == [[0, 4, 8], [1, 5, 9], [2, 6, 10], [3, 7, 11]]
    assert np.shares_memory(pixels(x), x)
    vector = np.ones((2, 3))
    assert pixels(vector) is vector


@pytest.mark.parametrize(
    ("count", "channels", "expected"),
    [(64, 32, 32), (48, 32, 16), (7, 32, 1), (2**20, 1, ROW_SIZE), (64, 2 * ROW_SIZE, 1)],
)
def test_pixels_per_row(count, channels, expected):
    assert pixels_per_row(count, channels) == expected


def test_no_samples():
    x = np.empty((0, 3, 2, 2), np.float32)
    assert channel_sums(x).tolist() == [0, 0, 0]
    assert with_channels(np.add, x, np.ones(3, np.float32), np.empty_like(x)).shape == x.shape


def test_a_part_of_the_channels(kernels):
    """Views that are not contiguous must not be taken for rows of pixels."""
    whole = kernels.channels_last(np.arange(48.0).reshape(2, 6, 2, 2))
    part = whole[:, 1:4]
    expected = part + np.array([1.0, 2, 3]).reshape(3, 1, 1)
    rest = whole[:, 4:].copy()
    np.testing.assert_array_equal(channel_sums(part), part.sum(axis=(0, 2, 3)))
    np.testing.assert_array_equal(with_channels(np.add, part, np.array([1.0, 2, 3]), part), expected)
    np.testing.assert_array_equal(whole[:, 4:], rest)
