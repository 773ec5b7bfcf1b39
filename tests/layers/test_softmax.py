"""Softmax by hand, by a plain loop, by numerical gradients, and for extreme scores."""

import math

import numpy as np

from graphnn.layers.softmax import Softmax


def test_literals(checks):
    """e⁰, e^ln 2 and e^ln 5 give 1/8, 2/8 and 5/8; with dy = (8, 0, 0), Σ dy·y = 1."""
    x = [[0.0, math.log(2), math.log(5)], [7.0, 7.0, 7.0]]
    y = [[1 / 8, 2 / 8, 5 / 8], [1 / 3, 1 / 3, 1 / 3]]
    dy = [[8.0, 0.0, 0.0], [3.0, 0.0, -3.0]]
    checks.literal(Softmax(), x, y, dy, [[7 / 8, -2 / 8, -5 / 8], [1, 0, -1]])


def test_extreme_scores_are_exact(checks):
    for dtype in (np.float32, np.float64):
        x = np.array([[1024.0, -1024.0, 0.0], [-1024.0, -1024.0, -1024.0], [1024.0, 1024.0, -1024.0]], dtype)
        result = checks.run(Softmax(), x, np.ones_like(x))
        assert result.y.tolist() == [[1, 0, 0], [dtype(1) / dtype(3)] * 3, [0.5, 0.5, 0]]
        np.testing.assert_allclose(result.dx, 0, atol=1e-7)


def test_plain_loop(checks):
    x, dy = checks.spread(6, 9) * 4, checks.spread(6, 9, seed=5)
    result = checks.run(Softmax(), x, dy)
    for row in range(6):
        parts = [math.exp(score) for score in x[row]]
        y = [part / sum(parts) for part in parts]
        mean = sum(above * value for above, value in zip(dy[row], y, strict=True))
        np.testing.assert_allclose(result.y[row], y, rtol=1e-13)
        np.testing.assert_allclose(
            result.dx[row], [value * (above - mean) for above, value in zip(dy[row], y, strict=True)], atol=1e-14
        )


def test_gradients(checks):
    checks.gradients(Softmax(), checks.spread(5, 7))
