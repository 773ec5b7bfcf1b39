"""Top-5 accuracy: the fraction of samples whose true class is among the five with the highest scores."""

import numpy as np

from graphnn.metrics.base import METRICS, OutputMetric
from graphnn.metrics.outputs import Classes, Outputs
from graphnn.types import Shape

BEST = 5


@METRICS.register
class Top5Accuracy(OutputMetric[Classes]):
    """Of more than five classes, the fraction of the samples where fewer than five score higher than the true one.

    With five or fewer it would always be 1. Classes with the same score as the true one do not count as higher: where
    several share the fifth rank, all of them are among the five, as with `in_top_k` of TensorFlow and Keras; PyTorch's
    `topk`, which takes any of them, differs only in this. A true class whose score is NaN is never among the five.
    Source: Russakovsky et al. 2015, "ImageNet Large Scale Visual Recognition Challenge", section 4.1.
    """

    name = "top_5_accuracy"
    label = "top-5 accuracy"
    percent = True
    higher_is_better = True
    brief = False
    outputs = (Classes,)

    def suits(self, outputs: type[Outputs], output_shape: Shape) -> bool:
        """Return whether there are more than five classes."""
        return output_shape[0] > BEST

    def sums(self, outputs: Classes) -> float:
        """Return the number of samples whose true class is among the five."""
        not_higher = outputs.y <= outputs.true_scores[:, None]  # so that NaN does not count as among the five
        # Counted in 32 bits: in 64, numpy's default, the counts of 64×100 take twice as long.
        among = np.add.reduce(not_higher, axis=1, dtype=np.int32) > outputs.y.shape[1] - BEST
        return int(np.count_nonzero(among))
