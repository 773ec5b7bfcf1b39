"""F1 of the second of two classes."""

import numpy as np

from graphnn.metrics.base import METRICS
from graphnn.metrics.outputs import Classes, YesOrNo
from graphnn.metrics.two_classes import TwoClassMetric
from graphnn.types import Array


@METRICS.register
class F1(TwoClassMetric):
    """Of two classes, 2·TP / (samples predicted as the second + samples of the second).

    It is the harmonic mean of precision and recall. The second class is that of the label 1, or yes; TP: its samples
    that are predicted as it. As `f1_score` of scikit-learn, but that 0/0, with no such sample and no such prediction,
    is NaN, not 0.
    """

    name, label = "f1", "F1"
    percent = True
    in_training = False

    def sums(self, outputs: Classes | YesOrNo) -> Array:
        """Return 2·TP, and the samples predicted as the second class together with those of it."""
        truth, predicted = outputs.truth.ravel() > 0, outputs.predicted.ravel() > 0
        both = np.count_nonzero(truth & predicted)
        return np.array([2 * both, np.count_nonzero(truth) + np.count_nonzero(predicted)], np.float64)

    def value(self, sums: Array, count: int) -> float:
        """Return the quotient."""
        return float(f1_scores(sums[0] / 2, sums[1], 0))


def f1_scores(right: Array, predicted: Array, actual: Array | int) -> Array:
    """Return F1 = 2·right / (predicted + actual) of each class, NaN for 0/0."""
    both = predicted + actual
    return np.where(both > 0, 2 * right / np.where(both > 0, both, 1), np.nan)
