"""ELU by hand, by a plain loop and by numerical gradients."""

import math

import pytest

from graphnn.layers.elu import ELU


def test_literals(checks):
    x, y = [[-math.log(2), 0.0, 3.0]], [[-0.5, 0, 3]]
    checks.literal(ELU(), x, y, [[4.0, 5.0, 6.0]], [[2, 5, 6]])
    checks.literal(ELU(alpha=3.0), x, [[-1.5, 0, 3]], [[4.0, 5.0, 6.0]], [[6, 5, 6]])


def test_the_default_alpha():
    assert ELU().settings() == {"alpha": 1.0}


@pytest.mark.parametrize("alpha", [0.0, 1.0, 0.7])
def test_plain_loop(checks, alpha):
    checks.elementwise(
        ELU(alpha),
        lambda x: x if x >= 0 else alpha * math.expm1(x),
        lambda x: 1.0 if x >= 0 else alpha * math.exp(x),
    )


@pytest.mark.parametrize("alpha", [1.0, 0.7])
def test_gradients(checks, alpha):
    checks.gradients(ELU(alpha), checks.spread(3, 4, 5, 6))
