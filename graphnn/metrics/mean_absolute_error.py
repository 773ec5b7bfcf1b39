"""Mean absolute error: the mean distance of predicted numbers from their targets."""

import numpy as np

from graphnn.metrics.base import METRICS, OutputMetric, outputs_per_sample
from graphnn.metrics.outputs import Numbers


@METRICS.register
class MeanAbsoluteError(OutputMetric[Numbers]):
    """Σ |y − t| / K over the K outputs, then the mean over the samples; in the units of the targets."""

    name = "mean_absolute_error"
    label = "mean absolute error"
    short = "MAE"
    higher_is_better = False
    outputs = (Numbers,)

    def sums(self, outputs: Numbers) -> float:
        """Return the sum over the samples of the mean over the outputs."""
        return float(np.abs(outputs.difference).sum() / outputs_per_sample(outputs.y))
