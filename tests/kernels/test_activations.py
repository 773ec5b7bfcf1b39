"""GELU and SiLU, in numpy and compiled, against plain float64, also for very large |x|."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphnn.kernels import activations

SHAPES = st.one_of(
    st.tuples(st.integers(1, 3), st.integers(1, 40), st.integers(1, 5), st.integers(1, 5)),
    st.tuples(st.integers(1, 5), st.integers(1, 40)),
)
ORDERS = st.sampled_from(["channels last", "a piece", "c order", "some of the channels"])
GATED = ("gelu", "silu")


def sigmoid(t):
    return 1 / (1 + math.exp(-t)) if t >= 0 else math.exp(t) / (1 + math.exp(t))


def inner(activation, x):
    """Return t(x) and t′(x)."""
    if activation == "silu":
        return x, 1.0
    root = math.sqrt(8 / math.pi)
    return root * (x + 0.044715 * x**3), root * (1 + 3 * 0.044715 * x**2)


def value(activation, x):
    return x * sigmoid(inner(activation, x)[0])


def slope(activation, x):
    t, steep = inner(activation, x)
    return sigmoid(t) + x * sigmoid(t) * sigmoid(-t) * steep


def kept(name, shape, dtype):
    return np.full(shape, np.nan, dtype)


@settings(max_examples=60, deadline=None)
@given(SHAPES, ORDERS, ORDERS, st.sampled_from(GATED), st.sampled_from([np.float32, np.float64]), st.integers(0, 2**32))
def test_values_and_slopes(kernels, operations, shape, order, other, activation, dtype, seed):
    rng = np.random.default_rng(seed)
    x, dy = (3 * rng.normal(size=shape)).astype(dtype), rng.normal(size=shape).astype(dtype)
    x_in_order, _ = kernels.placed(x, order)
    dy_in_order, dy_untouched = kernels.placed(dy, other)
    y, y_untouched = kernels.placed(np.full(shape, np.nan, dtype), other)
    pass_back = operations.activate(activation, x_in_order, y, kept, kernels.like)
    expected = np.vectorize(lambda each: value(activation, float(each)))(x)
    error = 3e-6 if dtype == np.float32 else 1e-13
    np.testing.assert_allclose(y, expected, rtol=error, atol=error)
    given_y = y.copy()
    pass_back(dy_in_order)
    expected = dy * np.vectorize(lambda each: slope(activation, float(each)))(x)
    np.testing.assert_allclose(dy_in_order, expected, rtol=error, atol=error)
    np.testing.assert_array_equal(x_in_order, x)
    np.testing.assert_array_equal(y, given_y)
    assert dy_untouched()
    assert y_untouched()


@pytest.mark.parametrize("activation", GATED)
def test_far_out(kernels, operations, activation):
    """The slope is 0 or 1 there, and infinities and NaN stay visible."""
    ends = np.array([[1e4, 1e12, 100, -100, -1e4, -1e12, 0.0, -0.0] * 2], np.float32)
    y = np.full_like(ends, np.nan)
    pass_back = operations.activate(activation, ends, y, kept, kernels.like)
    np.testing.assert_allclose(y, np.maximum(ends, 0), rtol=1e-6, atol=1e-6)
    dy = np.full_like(ends, 3)
    pass_back(dy)
    np.testing.assert_allclose(dy, 3 * np.array([[1, 1, 1, 0, 0, 0, 0.5, 0.5] * 2]), rtol=1e-6, atol=1e-6)
    x = np.array([[np.nan, np.inf] * 8], np.float32)
    operations.activate(activation, x, y, kept, kernels.like)
    np.testing.assert_array_equal(y, x)


@pytest.mark.parametrize("activation", GATED)
def test_compiled_values_and_slopes_are_off_by_their_rounding_only(kernels, activation):
    """The error is relative to the value, also where that is tiny: e⁻ᵗ has |t| times the rounding error of t."""
    pytest.importorskip("numba")
    from graphnn.kernels.numba_kernels import NUMBA

    x = np.linspace(-9, 9, 20_000, dtype=np.float32)[None]
    y, dy = np.empty_like(x), np.ones_like(x)
    NUMBA.activate(activation, x, y, kept, kernels.like)(dy)
    exact, t = (np.array([f(activation, float(each)) for each in x[0]]) for f in (value, lambda *at: inner(*at)[0]))
    assert np.max(np.abs(y[0] - exact) / np.abs(exact) / (2 + np.abs(t))) < 2**-22
    slopes = np.array([slope(activation, float(each)) for each in x[0]])
    assert np.max(np.abs(dy[0] - slopes)) < 4e-7


@pytest.mark.parametrize("activation", ["relu", *GATED])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_in_place(kernels, activation, dtype):
    x = np.linspace(-4, 4, 21).astype(dtype)[None]
    expected, found = np.empty_like(x), x.copy()
    activations.activate(activation, x, expected, kernels.like)
    activations.activate(activation, found, found, kernels.like)
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == dtype


def test_powers_of_two():
    """For 160,000 numbers over the whole range: a relative error of 1.6e-7, and exact for integers."""
    numba = pytest.importorskip("numba")
    from graphnn.kernels.compiled.activations import exp2
    from graphnn.kernels.compiled.vectors import load, store

    @numba.njit
    def powers(w, out):
        for at in range(0, w.size, 16):
            store(out, at, exp2(load(w, at)))

    w = np.linspace(-126, 127, 160_000).astype(np.float32)
    found = np.empty_like(w)
    powers(w, found)
    np.testing.assert_allclose(found, 2.0 ** w.astype(np.float64), rtol=1.65e-7, atol=0)
    whole = np.arange(-126, 130, dtype=np.float32)[: 16 * 15]
    found = np.empty_like(whole)
    powers(whole, found)
    np.testing.assert_array_equal(found, np.ldexp(np.float32(1), whole.astype(int)))
