"""SiLU by hand, by a plain loop and by numerical gradients."""

import math

from graphnn.layers.silu import SiLU


def logistic(x):
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def slope(x):
    return logistic(x) * (1 + x * logistic(-x))


def test_literals(checks):
    x = [[0.0, math.log(3)]]
    y = [[0, 0.75 * 1.0986122886681098]]
    dx = [[1, 0.75 + 0.1875 * 1.0986122886681098]]
    checks.literal(SiLU(), x, y, [[2.0, 1.0]], dx)


def test_plain_loop(checks):
    checks.elementwise(SiLU(), lambda x: x * logistic(x), slope)


def test_gradients(checks):
    checks.gradients(SiLU(), checks.spread(3, 4, 5, 6))
