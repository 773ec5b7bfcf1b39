"""Flatten by hand, by a plain loop and by numerical gradients."""

import numpy as np

from graphnn.layers.flatten import Flatten


def test_literals(checks):
    """Two channels of 2×2: the first channel's rows, then the second's."""
    x = np.arange(8.0).reshape(1, 2, 2, 2)
    dy = np.arange(8.0)[None] * 10
    checks.literal(Flatten(), x, [[0, 1, 2, 3, 4, 5, 6, 7]], dy, x * 10, rtol=0, atol=0)


def test_plain_loop(checks):
    x = checks.spread(3, 4, 5, 6)
    result = checks.run(Flatten(), x, np.arange(3 * 120.0).reshape(3, 120))
    assert Flatten().output_shape((4, 5, 6)) == (120,)
    for n in range(3):
        for c in range(4):
            for i in range(5):
                for j in range(6):
                    place = (c * 5 + i) * 6 + j
                    assert result.y[n, place] == x[n, c, i, j]
                    assert result.dx[n, c, i, j] == n * 120 + place


def test_dx_is_channels_last(checks):
    dx = checks.run(Flatten(), checks.spread(3, 4, 5, 6), np.zeros((3, 120))).dx
    assert dx.transpose(0, 2, 3, 1).flags.c_contiguous


def test_a_vector_stays(checks):
    x = checks.spread(3, 4)
    assert Flatten().output_shape((4,)) == (4,)
    assert (checks.run(Flatten(), x).y == x).all()


def test_gradients(checks):
    checks.gradients(Flatten(), checks.spread(3, 4, 5, 6))
