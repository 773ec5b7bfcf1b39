"""Macro F1: the mean of the F1 scores of all classes, in which rare ones count as much as frequent ones."""

import numpy as np

from graphnn.metrics.base import METRICS, OutputMetric
from graphnn.metrics.f1 import f1_scores
from graphnn.metrics.outputs import Classes, Outputs, YesOrNo
from graphnn.types import Array, Shape


@METRICS.register
class MacroF1(OutputMetric[Classes | YesOrNo]):
    """The mean over the classes of F1 = 2·TP / (samples predicted as the class + samples of the class).

    TP: the samples of the class that are predicted as it. A class without samples and predictions is left out. One
    yes-or-no output tells two classes apart; of several, each is a class, whose samples are those with the answer yes.
    As `f1_score` with `average="macro"` in scikit-learn, but that of several outputs, those left out here are 0 there.
    """

    name, label = "macro_f1", "macro F1"
    percent = True
    higher_is_better = True
    brief = False
    in_training = False
    may_be_undefined = True
    outputs = (Classes, YesOrNo)

    def suits(self, outputs: type[Outputs], output_shape: Shape) -> bool:
        """Return whether there is a vector of outputs."""
        return len(output_shape) == 1

    def size(self, output_shape: Shape) -> int:
        """Return 3 for each output."""
        return 3 * output_shape[0]

    def sums(self, outputs: Classes | YesOrNo) -> Array:
        """Return TP of each output, then the samples that are predicted as it, then those that are of it."""
        truth, predicted = outputs.truth, outputs.predicted
        if isinstance(outputs, YesOrNo):
            return np.concatenate([np.count_nonzero(each, axis=0) for each in (truth & predicted, predicted, truth)])
        right, classes = truth[truth == predicted], outputs.y.shape[1]
        return np.concatenate([np.bincount(each, minlength=classes) for each in (right, predicted, truth)])

    def value(self, sums: Array, count: int) -> float:
        """Return the mean over the classes; NaN where no output has samples or predictions."""
        right, predicted, actual = sums.reshape(3, -1)
        if len(right) == 1:  # what is not yes is no
            right = np.append(right, count - predicted - actual + right)
            predicted, actual = np.append(predicted, count - predicted), np.append(actual, count - actual)
        scores = f1_scores(right, predicted, actual)
        known = scores[np.isfinite(scores)]
        return float(known.mean()) if len(known) else float("nan")
