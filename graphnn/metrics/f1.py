"""F1 of the second of two classes."""

import numpy as np

from graphnn.metrics.base import METRICS, OutputMetric
from graphnn.metrics.outputs import Classes, Outputs, YesOrNo
from graphnn.types import Array, Shape


@METRICS.register
class F1(OutputMetric[Classes | YesOrNo]):
    """Of two classes, 2·TP / (samples predicted as the second + samples of the second).

    It is the harmonic mean of precision and recall. The second class is that of the label 1, or yes; TP: its samples
    that are predicted as it. As `f1_score` of scikit-learn, but that 0/0, with no such sample and no such prediction,
    is NaN, not 0.
    """

    name, label = "f1", "F1"
    percent = True
    higher_is_better = True
    brief = False
    in_training = False
    may_be_undefined = two_classes = True
    outputs = (Classes, YesOrNo)

    def suits(self, outputs: type[Outputs], output_shape: Shape) -> bool:
        """Return whether there are two classes."""
        return tells_two_apart(outputs, output_shape)

    def size(self, output_shape: Shape) -> int:
        """Return 2."""
        return 2

    def sums(self, outputs: Classes | YesOrNo) -> Array:
        """Return 2·TP, and the samples predicted as the second class together with those of it."""
        truth, predicted = outputs.truth.ravel() > 0, outputs.predicted.ravel() > 0
        both = np.count_nonzero(truth & predicted)
        return np.array([2 * both, np.count_nonzero(truth) + np.count_nonzero(predicted)], np.float64)

    def value(self, sums: Array, count: int) -> float:
        """Return the quotient."""
        return float(f1_scores(sums[0] / 2, sums[1], 0))


def tells_two_apart(outputs: type[Outputs], output_shape: Shape) -> bool:
    """Return whether outputs tell two classes apart: two scores, or one answer yes or no."""
    return output_shape == ((2,) if outputs is Classes else (1,))


def f1_scores(right: Array, predicted: Array, actual: Array | int) -> Array:
    """Return F1 = 2·right / (predicted + actual) of each class, NaN for 0/0."""
    both = predicted + actual
    return np.where(both > 0, 2 * right / np.where(both > 0, both, 1), np.nan)
