"""The mean loss, as one of the metrics."""

from graphnn.metrics.base import METRICS, Metric


@METRICS.register
class MeanLoss(Metric):
    """The mean loss over the samples, with class weights, but for the original targets even with label smoothing."""

    name = label = "loss"
    higher_is_better = False
