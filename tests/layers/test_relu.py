"""ReLU by hand, by a plain loop, by numerical gradients, and at zero."""

import numpy as np

from graphnn.layers.relu import ReLU


def test_literals(checks):
    x, dy = [[-2.0, 0.0, 3.0], [0.5, -0.25, 1.0]], [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    checks.literal(ReLU(), x, [[0, 0, 3], [0.5, 0, 1]], dy, [[0, 2, 3], [4, 0, 6]], rtol=0, atol=0)


def test_gradient_passes_at_both_zeros(checks):
    x = np.array([[0.0, -0.0, np.nextafter(np.float32(0), np.float32(-1))]], np.float32)
    assert checks.run(ReLU(), x, np.ones_like(x)).dx.tolist() == [[1, 1, 0]]


def test_plain_loop(checks):
    checks.elementwise(ReLU(), lambda x: max(x, 0.0), lambda x: float(x >= 0), single=0, double=0)


def test_gradients(checks):
    checks.gradients(ReLU(), checks.spread(3, 4, 5, 6))
