"""LeakyReLU by hand, by a plain loop, by numerical gradients, and with slopes that are not small."""

import numpy as np
import pytest

from graphnn.layers.leaky_relu import LeakyReLU


def test_literals(checks):
    layer = LeakyReLU(0.25)
    checks.literal(layer, [[-2.0, 0.0, 3.0]], [[-0.5, 0, 3]], [[4.0, 5.0, 6.0]], [[1, 5, 6]], rtol=0, atol=0)


def test_the_default_slope():
    assert LeakyReLU().settings() == {"negative_slope": 0.01}


@pytest.mark.parametrize("slope", [0.0, 0.01, 1.0, 3.0])
def test_plain_loop(checks, slope):
    checks.elementwise(LeakyReLU(slope), lambda x: x if x >= 0 else slope * x, lambda x: 1.0 if x >= 0 else slope)


def test_the_gradient_is_left_to_the_last_bit_where_x_is_not_negative(checks):
    x = np.array([[0.0, -0.0, 1.0]], np.float32)
    dy = np.array([[0.1, 0.3, 0.7]], np.float32)
    assert checks.run(LeakyReLU(0.01), x, dy).dx.tolist() == dy.tolist()


def test_gradients(checks):
    checks.gradients(LeakyReLU(0.3), checks.spread(3, 4, 5, 6))
