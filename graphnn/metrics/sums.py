"""The partial sums of the loss and its metrics: their layout in one vector, which is added up over the pieces."""

from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.metrics.base import METRICS, OutputMetric
from graphnn.metrics.loss import MeanLoss
from graphnn.metrics.outputs import Outputs
from graphnn.types import Array, Shape


@frozen_dataclass
class Layout:
    """The layout of the vector of partial sums: that of the loss first, then those of each metric.

    parts: the metrics with their slices of the vector. size: of the vector.
    """

    parts: tuple[tuple[OutputMetric[Any], slice], ...]
    size: int

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the loss and the metrics, in the order of the vector."""
        return (MeanLoss.name, *(metric.name for metric, _ in self.parts))

    def figures(self, sums: Array, count: int) -> dict[str, float]:
        """Return the loss and the metrics of `count` samples, by name, from the sum of their pieces' vectors."""
        values = {metric.name: metric.value(sums[part], count) for metric, part in self.parts}
        return {MeanLoss.name: float(sums[0] / count), **values}


@cache  # it is needed for every piece of every batch
def layout(outputs: type[Outputs], output_shape: Shape, *, training: bool = False) -> Layout:
    """Return the layout for outputs of a meaning. output_shape: of one sample. training: of the pieces of its steps."""
    parts, end = [], 1
    for metric in metrics_of(outputs):
        if metric.suits(outputs, output_shape) and (metric.in_training or not training):
            parts.append((metric, slice(end, end + metric.size(output_shape))))
            end = parts[-1][1].stop
    return Layout(tuple(parts), end)


def sums_of(outputs: Outputs, *, training: bool = False) -> Array:
    """Return the vector of partial sums over these samples, float64; the loss is left at 0.

    training: as in `layout`.
    """
    vector = layout(type(outputs), outputs.y.shape[1:], training=training)
    sums = np.zeros(vector.size)
    for metric, part in vector.parts:
        sums[part] = metric.sums(outputs)
    return sums


def metrics_of(outputs: type[Outputs]) -> Iterable[OutputMetric[Any]]:
    """Yield the metrics of outputs of a meaning, of any shape, in the alphabetical order of their names."""
    for metric in METRICS.values():
        if issubclass(metric, OutputMetric) and outputs in metric.outputs:
            yield metric()
