"""The loss as one of the metrics."""

from graphnn.metrics.base import METRICS, Metric


@METRICS.register
class MeanLoss(Metric):
    """The mean of the loss over the samples; with label smoothing, of the loss of the targets as they are."""

    name = label = "loss"
    higher_is_better = False
