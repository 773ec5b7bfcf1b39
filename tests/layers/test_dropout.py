"""Dropout by hand, by a plain loop, by numerical gradients, and by the law of large numbers."""

import numpy as np
import pytest

from graphnn.layers.dropout import Dropout


def test_literals_in_testing(checks):
    x = [[1.0, -2.0, 4.0]]
    checks.literal(Dropout(0.25), x, [[0.75, -1.5, 3]], [[4.0, 8.0, 0.0]], [[3, 6, 0]], training=False)


def test_literals_in_training(checks):
    """default_rng(0) draws 0.85, 0.64, 0.51, 0.27, 0.31, 0.04 in float32: at rate ½ the first three are kept."""
    x = np.arange(1.0, 7.0)[None]
    draws = np.random.default_rng(0).random(6, dtype=np.float32)
    assert draws.round(2).tolist() == pytest.approx([0.85, 0.64, 0.51, 0.27, 0.31, 0.04])
    checks.literal(Dropout(0.5), x, [[1, 2, 3, 0, 0, 0]], x * 10, [[10, 20, 30, 0, 0, 0]], rtol=0, atol=0)


@pytest.mark.parametrize("shape", [(3, 8), (3, 2, 4, 5)])
def test_plain_loop(checks, shape):
    """Draws are in memory order: sample, row, column, channel."""
    x, dy = checks.spread(*shape), checks.spread(*shape, seed=5)
    result = checks.run(Dropout(0.3), x, dy, seed=9)
    draws = iter(np.random.default_rng(9).random(x.size, dtype=np.float32))
    in_memory = [array.transpose(0, 2, 3, 1) if array.ndim == 4 else array for array in (x, dy, result.y, result.dx)]
    for place in np.ndindex(in_memory[0].shape):
        value, above, y, dx = (array[place] for array in in_memory)
        stays = next(draws) >= 0.3
        assert y == (value if stays else 0)
        assert dx == (above if stays else 0)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_the_rate_and_no_scaling(checks, rate):
    x = np.ones((100, 1000), np.float32)
    y = checks.run(Dropout(rate), x).y
    assert set(np.unique(y).tolist()) == {0, 1}
    assert abs((y == 0).mean() - rate) < 0.006  # four standard deviations of 100,000 draws at rate ½


def test_rate_zero_changes_nothing(checks):
    x = checks.spread(3, 8)
    for training in (True, False):
        assert (checks.run(Dropout(0.0), x, training=training).y == x).all()


def test_the_mask_does_not_depend_on_dtype_or_memory_order(checks):
    x = checks.spread(3, 2, 4, 5)
    expected = checks.run(Dropout(0.5), x).y != 0
    for other in (x.astype(np.float32), np.ascontiguousarray(x)):
        assert ((checks.run(Dropout(0.5), other).y != 0) == expected).all()


@pytest.mark.parametrize("training", [True, False])
def test_gradients(checks, training):
    checks.gradients(Dropout(0.4), checks.spread(3, 4, 5, 6), training=training)
