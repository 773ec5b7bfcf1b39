"""The loss as one of the metrics."""

from graphnn.metrics.base import METRICS, Metric


@METRICS.register
class MeanLoss(Metric):
    """The mean of what training makes small, over the samples; the losses sum it themselves."""

    name = label = "loss"
    higher_is_better = False
