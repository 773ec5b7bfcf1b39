"""GELU, exact and by tanh: by hand, by a plain loop and by numerical gradients."""

import math

import pytest

from graphnn.layers.gelu import GELU


def exact(x):
    return x * (1 + math.erf(x / math.sqrt(2))) / 2


def exact_slope(x):
    return (1 + math.erf(x / math.sqrt(2))) / 2 + x * math.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def inner(x):
    return math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)


def approximate(x):
    return x * (1 + math.tanh(inner(x))) / 2


def approximate_slope(x):
    inner_slope = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x**2)
    return (1 + math.tanh(inner(x))) / 2 + x * (1 - math.tanh(inner(x)) ** 2) * inner_slope / 2


def test_literals_of_the_normal_distribution(checks):
    """Φ(1) = 0.8413447461, φ(1) = 0.2419707245, from any table."""
    x, y = [[0.0, 1.0, -1.0]], [[0, 0.8413447461, -0.1586552539]]
    dx = [[0.5, 0.8413447461 + 0.2419707245, 0.1586552539 - 0.2419707245]]
    checks.literal(GELU("none"), x, y, [[1.0, 1.0, 1.0]], dx)


def test_literals_of_the_approximation(checks):
    """√(2/π)·1.044715 = 0.8335643, tanh of it is 0.6823840; the slope of the argument at 1 is 0.9049167."""
    x, y = [[0.0, 1.0]], [[0, 0.8411920]]
    checks.literal(GELU(), x, y, [[2.0, 1.0]], [[1, 0.8411920 + 0.5 * (1 - 0.6823840**2) * 0.9049167]], atol=2e-7)


def test_plain_loop(checks):
    checks.elementwise(GELU("none"), exact, exact_slope)
    checks.elementwise(GELU(), approximate, approximate_slope, single=1e-6)


@pytest.mark.parametrize("way", ["tanh", "none"])
def test_gradients(checks, way):
    checks.gradients(GELU(way), checks.spread(3, 4, 5, 6))
