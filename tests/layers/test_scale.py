"""Scale by hand, by a plain loop and by numerical gradients."""

import numpy as np
import pytest

from graphnn.layers.scale import Scale


def test_literals(checks):
    checks.literal(Scale(0.25), [[-2.0, 0.0, 3.0]], [[-0.5, 0, 0.75]], [[4.0, 5.0, 6.0]], [[1, 1.25, 1.5]])
    checks.literal(Scale(-3.0), [[[[1.0, 2.0]]]], [[[[-3, -6]]]], [[[[1.0, 0.0]]]], [[[[-3, 0]]]])


@pytest.mark.parametrize("factor", [-2.0, 0.111, 1.0, 3])
def test_plain_loop(checks, factor):
    checks.elementwise(Scale(factor), lambda x: factor * x, lambda x: factor)


def test_gradients(checks):
    checks.gradients(Scale(0.3), checks.spread(3, 4, 5, 6))


def test_a_factor_must_be_given():
    with pytest.raises(TypeError, match="factor"):
        Scale()


def test_testing_is_the_same_as_training(checks):
    x = checks.spread(3, 5)
    np.testing.assert_array_equal(checks.run(Scale(0.3), x, training=False).y, checks.run(Scale(0.3), x).y)
