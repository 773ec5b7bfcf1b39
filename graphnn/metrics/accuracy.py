"""Accuracy: the fraction of correct predictions."""

import numpy as np

from graphnn.metrics.base import METRICS, OutputMetric, outputs_per_sample
from graphnn.metrics.outputs import Classes, YesOrNo


@METRICS.register
class Accuracy(OutputMetric[Classes | YesOrNo]):
    """The fraction of the samples whose class is predicted correctly; with yes-or-no outputs, of the correct outputs.

    The predicted class is that with the highest score, the first one of equal scores. A yes-or-no output is correct
    where it is on the same side of ½ as its target.
    """

    name = label = "accuracy"
    percent = True
    higher_is_better = True
    outputs = (Classes, YesOrNo)

    def sums(self, outputs: Classes | YesOrNo) -> float:
        """Return the number of correct samples; each correct one of K outputs counts 1/K."""
        predicted = outputs.predicted
        return np.count_nonzero(predicted == outputs.truth) / outputs_per_sample(predicted)
