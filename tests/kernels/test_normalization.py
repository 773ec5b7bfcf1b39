"""The operations of batch normalisation, in numpy and compiled, against plain float64."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

CHANNELS = st.one_of(st.integers(1, 40), st.sampled_from([16, 32]))
SHAPES = st.one_of(
    st.tuples(st.integers(1, 5), CHANNELS, st.integers(1, 9), st.integers(1, 9)),
    st.tuples(st.integers(1, 200), CHANNELS),
)
DTYPES = st.sampled_from([np.float32, np.float32, np.float64])
ACTIVATIONS = st.sampled_from([None, "relu", "gelu", "silu"])
SEEDS = st.integers(0, 2**32)


def axes(x):
    return tuple(axis for axis in range(x.ndim) if axis != 1)


def by_channel(numbers, x):
    return numbers.astype(np.float64).reshape(-1, *(1,) * (x.ndim - 2))


def activated(activation, x):
    """Return f(x) and f′(x) in float64."""
    x = x.astype(np.float64)
    if activation in (None, "relu"):
        passes = np.ones_like(x) if activation is None else (x >= 0).astype(np.float64)
        return x * passes, passes
    root = np.sqrt(8 / np.pi) if activation == "gelu" else 1.0
    cubic = 0.044715 if activation == "gelu" else 0.0
    s = 1 / (1 + np.exp(-root * (x + cubic * x**3)))
    return x * s, s + x * s * (1 - s) * root * (1 + 3 * cubic * x**2)


def tolerance(dtype, size=1.0):
    return {"rtol": 2e-5, "atol": 1e-5 * size} if dtype == np.float32 else {"rtol": 1e-11, "atol": 1e-11 * size}


@st.composite
def orders(draw, count):
    """Where arrays lie in memory; the compiled kernels serve the first two."""
    known = ("channels last", "a piece", "c order", "some of the channels")
    return [draw(st.one_of(st.sampled_from(known[:2]), st.sampled_from(known))) for _ in range(count)]


@settings(max_examples=60, deadline=None)
@given(SHAPES, orders(1), st.sampled_from([0, -3, 1000]), DTYPES, SEEDS)
def test_moments(kernels, operations, shape, order, mean, dtype, seed):
    """Also where the mean is a thousand standard deviations from 0."""
    x = np.random.default_rng(seed).normal(mean, size=shape).astype(dtype)
    own_x, _ = kernels.placed(x, order[0])
    found_mean, squares = operations.moments(own_x, kernels.like)
    assert found_mean.dtype == squares.dtype == np.float64
    assert found_mean.shape == squares.shape == shape[1:2]
    exact = x.astype(np.float64)
    expected = exact.mean(axis=axes(x))
    np.testing.assert_allclose(found_mean, expected, **tolerance(dtype, 1 + abs(mean)))
    squared = ((exact - by_channel(expected, x)) ** 2).sum(axis=axes(x))
    np.testing.assert_allclose(
        squares, squared, **(tolerance(dtype) if dtype == np.float64 else {"rtol": 2e-4, "atol": 1e-3})
    )
    np.testing.assert_array_equal(own_x, x)


@pytest.mark.parametrize("channels", [3, 16])
def test_moments_of_many_numbers_far_from_zero(kernels, operations, channels):
    """131,072 pixels per channel, the first of which have another mean than the rest."""
    x = np.random.default_rng(0).normal(1000, 1, size=(32, channels, 64, 64)).astype(np.float32)
    x[0, :, :2] += 20
    mean, squares = operations.moments(kernels.channels_last(x), kernels.like)
    exact = x.astype(np.float64)
    np.testing.assert_allclose(mean, exact.mean(axis=(0, 2, 3)), atol=1e-3)
    variance = exact.var(axis=(0, 2, 3))
    np.testing.assert_allclose(squares / (x.size / channels), variance, rtol=2e-3)


def halves(rng, shape, dtype):
    """Return multiples of ½ in −2…2: their products and sums are exact, and many are 0."""
    return (rng.integers(-4, 5, shape) / 2).astype(dtype)


@settings(max_examples=60, deadline=None)
@given(SHAPES, orders(2), ACTIVATIONS, DTYPES, SEEDS)
def test_normalise(kernels, operations, shape, order, activation, dtype, seed):
    rng = np.random.default_rng(seed)
    x, factor, shift = halves(rng, shape, dtype), halves(rng, shape[1], dtype), halves(rng, shape[1], dtype)
    own_x, _ = kernels.placed(x, order[0])
    y, untouched = kernels.placed(np.full(shape, np.nan, dtype), order[1])
    operations.normalise(own_x, factor, shift, y, kernels.like, activation=activation)
    expected, _ = activated(activation, x * by_channel(factor, x) + by_channel(shift, x))
    exact = activation in (None, "relu")
    np.testing.assert_allclose(y, expected, **({"rtol": 0} if exact else tolerance(dtype)))
    np.testing.assert_array_equal(own_x, x)
    assert untouched()


@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("channels", [3, 16])
def test_normalise_shows_what_is_not_a_number(kernels, operations, channels, relu):
    x = np.tile(np.array([np.nan, np.inf, -np.inf, -1], np.float32), (1, channels, 1, 1))
    y = kernels.channels_last(np.zeros_like(x))
    one = np.ones(channels, np.float32)
    operations.normalise(kernels.channels_last(x), one, -one, y, kernels.like, activation="relu" if relu else None)
    np.testing.assert_array_equal(y[0, :, 0], [[np.nan, np.inf, 0 if relu else -np.inf, 0 if relu else -2]] * channels)


@settings(max_examples=60, deadline=None)
@given(SHAPES, orders(2), ACTIVATIONS, DTYPES, SEEDS)
def test_both_passes_of_the_gradient(kernels, operations, shape, order, activation, dtype, seed):
    """With ReLU the gradient passes where factor·x + shift is ≥ 0, zero included."""
    rng = np.random.default_rng(seed)
    x, factor, shift = halves(rng, shape, dtype), halves(rng, shape[1], dtype), halves(rng, shape[1], dtype)
    dy = rng.normal(size=shape).astype(dtype)
    mean, slope, offset = (rng.normal(size=shape[1]).astype(dtype) for _ in range(3))
    own_x, _ = kernels.placed(x, order[0])
    own_dy, untouched = kernels.placed(dy, order[1])
    how = {"activation": activation}
    sums, products = operations.gradient_sums(own_x, own_dy, mean, factor, shift, kernels.like, **how)
    operations.normalise_gradient(own_x, own_dy, factor, shift, slope, offset, kernels.like, **how)
    passed = dy * activated(activation, x * by_channel(factor, x) + by_channel(shift, x))[1]
    assert (sums.dtype, products.dtype, own_dy.dtype) == (np.float64, np.float64, dtype)
    size = np.sqrt(x.size / shape[1])
    np.testing.assert_allclose(sums, passed.sum(axis=axes(x)), **tolerance(dtype, size))
    expected = (passed * (x - by_channel(mean, x))).sum(axis=axes(x))
    np.testing.assert_allclose(products, expected, **tolerance(dtype, 4 * size))
    expected = passed * by_channel(factor, x) + x * by_channel(slope, x) + by_channel(offset, x)
    np.testing.assert_allclose(own_dy, expected, **tolerance(dtype))
    np.testing.assert_array_equal(own_x, x)
    assert untouched()
