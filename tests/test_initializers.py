"""The initial values of parameters."""

import numpy as np
import pytest

from graphnn.initializers import HeNormal, ones, zeros


def test_constants():
    rng = np.random.default_rng(0)
    assert zeros((2, 3), rng).tolist() == [[0, 0, 0], [0, 0, 0]]
    assert ones((2,), rng).tolist() == [1, 1]


@pytest.mark.parametrize("fan_in", [2, 50])
def test_he_normal(fan_in):
    drawn = HeNormal()((2000, fan_in), np.random.default_rng(0))
    assert drawn.shape == (2000, fan_in)
    assert abs(drawn.mean()) < 4 * np.sqrt(2 / fan_in / drawn.size)
    assert drawn.var() == pytest.approx(2 / fan_in, rel=0.05)
    assert (drawn == HeNormal()((2000, fan_in), np.random.default_rng(0))).all()
