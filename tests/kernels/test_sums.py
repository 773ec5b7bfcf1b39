"""Sums of many numbers, most of them equal, against float64: float32 must not round all of them the same way."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphnn.kernels.channels import BLOCK, block_sums, channel_products, channel_sums

# N×C×H×W or N×F, of up to some 100,000 numbers a channel; odd sizes, and channels for and against whole vectors.
SHAPES = st.one_of(
    st.tuples(st.integers(1, 20), st.sampled_from([1, 3, 16, 17, 48]), st.integers(1, 71), st.integers(1, 71)),
    st.tuples(st.integers(2, 100_000), st.sampled_from([1, 5, 16])),
)
KINDS = st.sampled_from(["after relu", "two values", "rarely not zero", "far from zero"])
SEEDS = st.integers(0, 2**32)
BOUND = 2e-6


def numbers(kind, shape, seed):
    """Return float32 numbers of which many are equal, or far from zero beside their deviation."""
    rng = np.random.default_rng(seed)
    if kind == "after relu":
        x = np.maximum(rng.normal(size=shape), 0)
    elif kind == "two values":
        x = np.where(rng.random(shape) < 0.9, rng.random(), rng.random())
    elif kind == "rarely not zero":
        x = np.where(rng.random(shape) < 0.02, rng.normal(3, 1, shape), 0)
    else:
        x = rng.normal(1000, 1, shape)
    return x.astype(np.float32)


def over_all_but_channels(x):
    return x.astype(np.float64).sum(axis=tuple(axis for axis in range(x.ndim) if axis != 1))


def by_channel(values, x):
    return values.reshape(-1, *(1,) * (x.ndim - 2))


def assert_within(found, expected, size):
    """Compare up to BOUND times `size`, the sum of the magnitudes that were added."""
    assert (np.abs(found - expected) <= BOUND * size).all(), (np.abs(found - expected) / size).max()


@settings(max_examples=60, deadline=None)
@given(SHAPES, KINDS, SEEDS)
def test_moments(kernels, operations, shape, kind, seed):
    x = numbers(kind, shape, seed)
    mean, squares = operations.moments(kernels.channels_last(x), kernels.like)
    count = x.size // shape[1]
    expected = over_all_but_channels(x) / count
    deviations = x.astype(np.float64) - by_channel(expected, x)
    variance = over_all_but_channels(np.square(deviations)) / count
    assert_within(mean, expected, (np.abs(expected) + np.sqrt(variance)) / 2)
    # where nothing deviates, only the rounding of a mean is left
    assert_within(squares / count, variance, variance + np.square(expected) * 1e-7)


@settings(max_examples=60, deadline=None)
@given(SHAPES, KINDS, KINDS, st.sampled_from([None, "relu"]), SEEDS)
def test_sums_of_gradients(kernels, operations, shape, kind, kind_of_dy, activation, seed):
    x, dy = numbers(kind, shape, seed), numbers(kind_of_dy, shape, seed + 1)
    mean = (over_all_but_channels(x) / (x.size // shape[1])).astype(np.float32)
    one = np.ones(shape[1], np.float32)
    sums, products = operations.gradient_sums(
        *(kernels.channels_last(each) for each in (x, dy)), mean, one, -mean, kernels.like, activation=activation
    )
    g = np.where(x - by_channel(mean, x) >= 0, dy, 0) if activation else dy
    deviations = x.astype(np.float64) - by_channel(mean, x).astype(np.float64)
    assert_within(sums, over_all_but_channels(g), over_all_but_channels(np.abs(g)))
    assert_within(products, over_all_but_channels(g * deviations), over_all_but_channels(np.abs(g * deviations)))


@settings(max_examples=60, deadline=None)
@given(SHAPES, KINDS, KINDS, SEEDS)
def test_sums_by_channel(kernels, shape, kind, other_kind, seed):
    x, y = kernels.channels_last(numbers(kind, shape, seed)), kernels.channels_last(numbers(other_kind, shape, seed))
    product = x.astype(np.float64) * y
    assert_within(channel_sums(x), over_all_but_channels(x), over_all_but_channels(np.abs(x)))
    assert_within(channel_products(x, y), over_all_but_channels(product), over_all_but_channels(np.abs(product)))


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(st.integers(1, 3), st.integers(0, 5000), st.integers(1, 9)),
    st.sampled_from([2, 3, BLOCK]),
    st.booleans(),
    st.sampled_from([np.float32, np.float64]),
    SEEDS,
)
def test_blocks_of_any_number_of_rows(shape, block, two, dtype, seed):
    x, y = (numbers("two values", shape, each).astype(dtype) for each in (seed, seed + 1))
    given_x, factors = x.copy(), (x, y) if two else (x,)
    expected = np.prod([each.astype(np.float64) for each in factors], axis=0).sum(axis=1)
    out = np.full((shape[0], shape[2]), np.nan, dtype)
    for found in (block_sums(*factors, block=block), block_sums(*factors, block=block, out=out)):
        assert found.dtype == dtype
        np.testing.assert_allclose(found, expected, rtol=BOUND if dtype == np.float32 else 1e-11)
    assert found is out
    np.testing.assert_array_equal(x, given_x)


@pytest.mark.parametrize("channels", [12, 16])
def test_a_mean_far_from_the_first_numbers(kernels, operations, channels):
    """The compiled kernels measure deviations from the mean of the first pixels."""
    x = np.random.default_rng(0).normal(1000, 1, size=(16, channels, 50, 51)).astype(np.float32)
    x[0, :, :3] -= 900
    mean, squares = operations.moments(kernels.channels_last(x), kernels.like)
    exact, count = x.astype(np.float64), x.size / channels
    np.testing.assert_allclose(mean, exact.mean(axis=(0, 2, 3)), rtol=BOUND)
    np.testing.assert_allclose(squares / count, exact.var(axis=(0, 2, 3)), rtol=2e-5)


@pytest.mark.parametrize("shape", [(128, 16, 32, 32), (128, 12, 31, 31)])
def test_the_variance_after_relu(kernels, operations, shape):
    """Half of the numbers are 0, so half of the squares that are added are equal."""
    x = numbers("after relu", shape, 0)
    _, squares = operations.moments(kernels.channels_last(x), kernels.like)
    np.testing.assert_allclose(squares / (x.size // shape[1]), x.astype(np.float64).var(axis=(0, 2, 3)), rtol=3e-7)
