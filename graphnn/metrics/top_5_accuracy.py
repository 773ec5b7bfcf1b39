"""Top-5 accuracy: how often the true class is among the five that a network finds most probable."""

import numpy as np

from graphnn.metrics.base import METRICS, OutputMetric
from graphnn.metrics.outputs import Classes
from graphnn.types import Shape

BEST = 5


@METRICS.register
class Top5Accuracy(OutputMetric[Classes]):
    """The part of the samples where fewer than five classes have a higher score than the true one.

    Reported where there are more than five classes; among five, it would always be 1. Classes with the score of the
    true one do not count as higher, so that those which are equal at the fifth place are all among the five, as in
    TensorFlow's and Keras' `in_top_k`; PyTorch's `topk`, which takes any of them, differs there alone. A score that is
    not a number is right in no way. Source: Russakovsky et al. 2015, "ImageNet Large Scale Visual Recognition
    Challenge", section 4.1.
    """

    name = "top_5_accuracy"
    label = "top-5 accuracy"
    percent = True
    higher_is_better = True
    brief = False
    outputs = (Classes,)

    def suits(self, output_shape: Shape) -> bool:
        """Return whether there are more than five classes."""
        return output_shape[0] > BEST

    def sums(self, seen: Classes) -> float:
        """Return the number of samples whose true class is among the five."""
        y, classes = seen.y, seen.y.shape[1]
        not_higher = y <= y[seen.rows, seen.truth][:, None]  # and so False for what is not a number
        # Counted in 32 bits: in 64, numpy's default, the counts of 64×100 take twice as long.
        return int(np.count_nonzero(np.add.reduce(not_higher, axis=1, dtype=np.int32) > classes - BEST))
