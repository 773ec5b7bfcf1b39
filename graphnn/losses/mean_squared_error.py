"""MeanSquaredError: the loss of numbers, for regression."""

import numpy as np

from graphnn.errors import DataError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.losses.base import LOSSES, Loss, check_values
from graphnn.metrics.outputs import Numbers
from graphnn.metrics.sums import sums_of
from graphnn.types import Array, Shape


@LOSSES.register
@frozen_dataclass
class MeanSquaredError(Loss):
    """Mean squared error: L = Σ (y − t)² / K over the K outputs.

    Targets t: finite numbers N×K, or N where K is 1. The gradient is 2(y − t)/(nK).
    """

    outputs = Numbers

    def piece(self, y_gt: Array, y: Array, n: int, *, logits: bool, dy: Array | None = None) -> Array:
        outputs, size = Numbers(y_gt, y, logits=logits), y[0].size
        sums = sums_of(outputs, training=dy is not None)
        sums[0] = outputs.squares.sum() / size
        if dy is not None:
            np.multiply(outputs.difference, 2 / (n * size), out=dy, casting="same_kind")
        return sums

    def check_targets(self, y_gt: Array, output_shape: Shape) -> None:
        check_values(self.type, y_gt, output_shape)
        if not np.all(np.isfinite(y_gt)):
            raise DataError("the targets hold numbers that are not finite")
