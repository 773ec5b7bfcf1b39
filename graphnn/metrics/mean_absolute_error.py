"""Mean absolute error: how far off numbers are, in their units."""

import numpy as np

from graphnn.metrics.base import METRICS, OutputMetric, outputs_per_sample
from graphnn.metrics.outputs import Numbers


@METRICS.register
class MeanAbsoluteError(OutputMetric[Numbers]):
    """Σ |y − t| / K over the K outputs, then the mean over the samples; in the units of the targets."""

    name = "mean_absolute_error"
    label = "mean absolute error"
    higher_is_better = False
    outputs = (Numbers,)

    def sums(self, seen: Numbers) -> float:
        """Return the sum over the samples of the mean over their outputs."""
        return float(np.abs(seen.difference).sum() / outputs_per_sample(seen.y))
