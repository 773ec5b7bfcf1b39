"""Sigmoid by hand, by a plain loop and by numerical gradients."""

import math

import numpy as np

from graphnn.layers.sigmoid import Sigmoid


def logistic(x):
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def test_literals(checks):
    x = [[0.0, math.log(3), -math.log(3)]]
    checks.literal(Sigmoid(), x, [[0.5, 0.75, 0.25]], [[4.0, 16.0, -16.0]], [[1, 3, -3]])


def test_plain_loop(checks):
    checks.elementwise(Sigmoid(), logistic, lambda x: logistic(x) * logistic(-x))


def test_small_results_are_accurate_relative_to_themselves(checks):
    x = np.array([[-80.0, -30.0, -5.0]], np.float32)
    np.testing.assert_allclose(checks.run(Sigmoid(), x).y[0], [logistic(-80), logistic(-30), logistic(-5)], rtol=1e-6)


def test_far_out_is_exact(checks):
    x = np.array([[-1e4, 1e4]], np.float32)
    result = checks.run(Sigmoid(), x, np.ones_like(x))
    assert result.y.tolist() == [[0, 1]]
    assert result.dx.tolist() == [[0, 0]]


def test_gradients(checks):
    checks.gradients(Sigmoid(), checks.spread(3, 4, 5, 6))
