"""MeanSquaredError: the loss of numbers."""

from dataclasses import dataclass

import numpy as np

from graphnn.errors import DataError
from graphnn.losses.base import LOSSES, Loss, check_values
from graphnn.types import Array, Shape


@LOSSES.register
@dataclass(frozen=True)
class MeanSquaredError(Loss):
    """Mean squared error: L = Σ (y − t)² / K over the K outputs; the metrics are mean absolute error and R².

    Targets: N×K, or N where K is 1. The gradient is 2(y − t)/(nK). R² = 1 − Σ(y − t)²/Σ(t − t̄)² for each output, then
    the mean over the outputs; for an output whose target is constant it is 1 where every prediction is exact, else 0.
    """

    metrics = ("mean_absolute_error", "r2")

    def piece(self, y_gt: Array, y: Array, n: int, *, logits: bool, dy: Array | None) -> Array:
        outputs = y[0].size
        truth = y_gt.reshape(y.shape)
        difference = np.subtract(y, truth, dtype=np.float64)
        if dy is not None:
            np.multiply(difference, 2 / (n * outputs), out=dy, casting="same_kind")
        absolute = np.abs(difference).sum()
        squares = np.square(difference, out=difference).sum(axis=0).ravel()
        exact = truth.astype(np.float64)
        sums = exact.sum(axis=0).ravel()
        moments = np.square(exact, out=exact).sum(axis=0).ravel()
        return np.concatenate([[squares.sum() / outputs, absolute / outputs], squares, sums, moments])

    def summarise(self, sums: Array, count: int) -> dict[str, float]:
        squares, totals, moments = sums[2:].reshape(3, -1)
        spread = moments - totals**2 / count
        known = spread > 1e-12 * moments  # what is below is rounding: the target is constant
        r2 = np.where(known, 1 - squares / np.where(known, spread, 1), squares == 0)
        return {
            "loss": float(sums[0] / count),
            "mean_absolute_error": float(sums[1] / count),
            "r2": float(r2.mean()),
        }

    def check_targets(self, y_gt: Array, output_shape: Shape) -> None:
        check_values(self.type, y_gt, output_shape)
        if not np.all(np.isfinite(y_gt)):
            raise DataError("the targets hold numbers that are not finite")
