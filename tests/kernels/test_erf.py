"""The error function against the standard library's."""

import math

import numpy as np
import pytest

from graphnn.kernels.erf import erf


def vectorised(x):
    return erf(x, np.empty_like(x), (np.empty_like(x), np.empty_like(x)))


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 2e-15), (np.float32, 5e-7)])
def test_everywhere(dtype, tolerance):
    x = np.concatenate([np.linspace(-7, 7, 5001), np.geomspace(1e-30, 1e-2, 60)]).astype(dtype)
    expected = np.array([math.erf(float(each)) for each in x])
    y = vectorised(x)
    assert y.dtype == dtype
    assert np.max(np.abs(y - expected)) <= tolerance
    inner = np.abs(expected) > 0
    assert np.max(np.abs(y[inner] / expected[inner] - 1)) <= tolerance


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_literals_and_limits(dtype):
    x = np.array([0, -0.0, 1, -1, 1e4, -1e4, np.inf, -np.inf, np.nan], dtype)
    y = vectorised(x)
    np.testing.assert_allclose(y[:4], [0, 0, 0.8427007929497149, -0.8427007929497149], rtol=5e-7)
    assert y[4:8].tolist() == [1, -1, 1, -1]
    assert np.signbit(y[1])
    assert np.isnan(y[8])


def test_in_place():
    x = np.linspace(-3, 3, 101)
    expected = vectorised(x.copy())
    assert erf(x, x, (np.empty_like(x), np.empty_like(x))) is x
    assert (x == expected).all()
