"""Accuracy: how often a network is right."""

import numpy as np

from graphnn.metrics.base import METRICS, OutputMetric, outputs_per_sample
from graphnn.metrics.outputs import Classes, YesOrNo


@METRICS.register
class Accuracy(OutputMetric[Classes | YesOrNo]):
    """The fraction of the samples whose class is predicted; of yes-or-no outputs, the fraction of right outputs.

    The predicted class is that of the highest score, of equal ones the first. An output is right where it lies on the
    truth's side of ½.
    """

    name = label = "accuracy"
    percent = True
    higher_is_better = True
    outputs = (Classes, YesOrNo)

    def sums(self, seen: Classes | YesOrNo) -> float:
        """Return the number of samples that are right; one of K outputs counts 1/K."""
        predicted = seen.predicted
        return np.count_nonzero(predicted == seen.truth) / outputs_per_sample(predicted)
