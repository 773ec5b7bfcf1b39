"""ROC AUC: how well the scores of two classes keep these apart, whatever the threshold."""

import numpy as np

from graphnn.metrics.base import METRICS, WholeMetric
from graphnn.metrics.outputs import Classes, YesOrNo
from graphnn.metrics.two_classes import TwoClassMetric
from graphnn.types import Array


@METRICS.register
class RocAuc(TwoClassMetric, WholeMetric[Classes | YesOrNo]):
    """Of two classes, the area under the receiver operating characteristic, U/(P·N).

    U: of the pairs of one of the P samples of the second class and one of the N of the first, the number in which the
    former has the higher score, equal scores counting ½ (Mann and Whitney 1947, "On a test of whether one of two random
    variables is stochastically larger than the other"). Scores are logits where they are known, which tell apart what
    probabilities round to 1. U is exact up to 2⁵² pairs. NaN where all samples are of one class. As `roc_auc_score` in
    scikit-learn.
    """

    name, label = "roc_auc", "ROC AUC"
    percent = False

    def scores(self, outputs: Classes | YesOrNo) -> Array:
        """Return the score of the second class, and whether the sample is of it, n×2."""
        y = outputs.y.astype(np.float64)
        score = y[:, 1] - y[:, 0] if isinstance(outputs, Classes) else y[:, 0]
        return np.stack([score, outputs.truth.ravel() > 0], axis=1)

    def whole(self, scores: Array) -> Array:
        """Return U and P·N."""
        _, value, counts = np.unique(scores[:, 0], return_inverse=True, return_counts=True)
        second = np.bincount(value.ravel(), weights=scores[:, 1], minlength=len(counts))
        first = counts - second
        lower = np.cumsum(first) - first  # samples of the first class with a lower score
        return np.array([(second * (lower + first / 2)).sum(), second.sum() * first.sum()])

    def value(self, sums: Array, count: int) -> float:
        """Return the quotient."""
        return float(sums[0] / sums[1]) if sums[1] else float("nan")
