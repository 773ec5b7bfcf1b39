"""Tanh by hand, by a plain loop and by numerical gradients."""

import math

from graphnn.layers.tanh import Tanh


def test_literals(checks):
    half = math.log(3) / 2  # (e^2x − 1)/(e^2x + 1) = (3 − 1)/(3 + 1)
    checks.literal(Tanh(), [[0.0, half, -half]], [[0, 0.5, -0.5]], [[1.0, 4.0, 8.0]], [[1, 3, 6]])


def test_plain_loop(checks):
    checks.elementwise(Tanh(), math.tanh, lambda x: 1 - math.tanh(x) ** 2)


def test_gradients(checks):
    checks.gradients(Tanh(), checks.spread(3, 4, 5, 6))
