"""The partial sums of the loss and the metrics: which there are, and how they lie in one vector that adds up."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from graphnn.metrics.base import METRICS, OutputMetric
from graphnn.metrics.loss import MeanLoss
from graphnn.metrics.outputs import Outputs
from graphnn.types import Array, Shape


@dataclass(frozen=True)
class Layout:
    """Where partial sums lie in the vector: that of the loss first, then those of each metric.

    parts: the metrics with their slices. size: of the vector.
    """

    parts: tuple[tuple[OutputMetric[Any], slice], ...]
    size: int

    @property
    def names(self) -> tuple[str, ...]:
        """What there are sums of."""
        return (MeanLoss.name, *(metric.name for metric, _ in self.parts))

    def figures(self, sums: Array, count: int) -> dict[str, float]:
        """Return the loss and the metrics of `count` samples, by name, from the sum of their vectors."""
        values = {metric.name: metric.value(sums[where], count) for metric, where in self.parts}
        return {MeanLoss.name: float(sums[0] / count), **values}


@cache  # it is asked for with every piece of every batch
def layout(outputs: type[Outputs], output_shape: Shape) -> Layout:
    """Return where the sums lie for outputs of a meaning, one sample's being of `output_shape`."""
    parts, end = [], 1
    for metric in metrics_of(outputs):
        if metric.suits(output_shape):
            parts.append((metric, slice(end, end + metric.size(output_shape))))
            end = parts[-1][1].stop
    return Layout(tuple(parts), end)


def sums_of(seen: Outputs) -> Array:
    """Return the vector of the samples seen, float64; the loss is left at 0."""
    own = layout(type(seen), seen.y.shape[1:])
    sums = np.zeros(own.size)
    for metric, where in own.parts:
        sums[where] = metric.sums(seen)
    return sums


def metrics_of(outputs: type[Outputs]) -> Iterable[OutputMetric[Any]]:
    """Yield the metrics of outputs of a meaning, whatever their shape, by name in alphabetical order."""
    for metric in METRICS.values():
        if issubclass(metric, OutputMetric) and outputs in metric.outputs:
            yield metric()
