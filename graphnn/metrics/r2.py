"""R²: the fraction of the targets' variance that a network explains."""

import math

import numpy as np

from graphnn.metrics.base import METRICS, OutputMetric
from graphnn.metrics.outputs import Numbers
from graphnn.types import Array, Shape


@METRICS.register
class R2(OutputMetric[Numbers]):
    """The coefficient of determination, 1 − Σ(y − t)²/Σ(t − t̄)² for each output, then the mean over the outputs.

    1: all predictions are exact; 0: they are no better than the targets' mean. An output whose target is constant has
    1 where every prediction is exact, else 0.
    """

    name = "r2"
    label = "R²"
    higher_is_better = True
    outputs = (Numbers,)

    def size(self, output_shape: Shape) -> int:
        """Return 3 for each output."""
        return 3 * math.prod(output_shape)

    def sums(self, outputs: Numbers) -> Array:
        """Return the sums of (y − t)² of all outputs, then of t, then of t²."""
        exact = outputs.truth.astype(np.float64)
        totals = exact.sum(axis=0).ravel()
        moments = np.square(exact, out=exact).sum(axis=0).ravel()
        return np.concatenate([outputs.squares, totals, moments])

    def value(self, sums: Array, count: int) -> float:
        """Return the mean over the outputs."""
        squares, totals, moments = sums.reshape(3, -1)
        spread = moments - totals**2 / count
        varies = spread > 1e-12 * moments  # less is a rounding error: the target is constant
        r2 = np.where(varies, 1 - squares / np.where(varies, spread, 1), squares == 0)
        return float(r2.mean())
