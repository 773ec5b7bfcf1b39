"""R² and the mean absolute error by hand, far from zero and of constant targets."""

from typing import Any

import numpy as np
import pytest

from graphnn.losses.mean_squared_error import MeanSquaredError


def regression(truth: Any, y: Any) -> dict[str, float]:
    loss, truth, y = MeanSquaredError(), np.array(truth), np.array(y)
    return loss.summarise(loss.piece(truth, y, len(y), logits=False, dy=None), len(y), y.shape[1:])


def test_regression_metrics() -> None:
    """First output: squares 1 + 0 + 1 of a spread 2, R² 0; second: 0 + 0 + 4 of a spread 8, R² ½."""
    summary = regression([[1.0, 0.0], [2.0, 2.0], [3.0, 4.0]], [[2.0, 0.0], [2.0, 2.0], [2.0, 2.0]])
    assert summary == pytest.approx({"loss": 1, "mean_absolute_error": 4 / 6, "r2": 0.25})


def test_r2_far_from_zero() -> None:
    truth = 1e4 + np.linspace(-1, 1, 1001)[:, None]
    assert regression(truth, truth + 0.1)["r2"] == pytest.approx(1 - 0.01 / truth.var(), rel=1e-6)


def test_r2_of_a_constant_target() -> None:
    assert regression([[0.1]] * 1000, [[0.1]] * 1000)["r2"] == 1
    assert regression([[0.1]] * 1000, [[0.2]] * 1000)["r2"] == 0
