"""R²: how much of the targets' variance a network explains."""

import math

import numpy as np

from graphnn.metrics.base import METRICS, OutputMetric
from graphnn.metrics.outputs import Numbers
from graphnn.types import Array, Shape


@METRICS.register
class R2(OutputMetric[Numbers]):
    """The coefficient of determination, 1 − Σ(y − t)²/Σ(t − t̄)² for each output, then the mean over the outputs.

    1 is exact, 0 is as good as the targets' mean. For an output whose target is constant it is 1 where every
    prediction is exact, else 0.
    """

    name = "r2"
    label = "R²"
    higher_is_better = True
    outputs = (Numbers,)

    def size(self, output_shape: Shape) -> int:
        """Return 3 for each output."""
        return 3 * math.prod(output_shape)

    def sums(self, seen: Numbers) -> Array:
        """Return the sums of (y − t)² of all outputs, then of t, then of t²."""
        exact = seen.truth.astype(np.float64)
        totals = exact.sum(axis=0).ravel()
        moments = np.square(exact, out=exact).sum(axis=0).ravel()
        return np.concatenate([seen.squares, totals, moments])

    def value(self, sums: Array, count: int) -> float:
        """Return the mean over the outputs."""
        squares, totals, moments = sums.reshape(3, -1)
        spread = moments - totals**2 / count
        known = spread > 1e-12 * moments  # what is below is rounding: the target is constant
        r2 = np.where(known, 1 - squares / np.where(known, spread, 1), squares == 0)
        return float(r2.mean())
