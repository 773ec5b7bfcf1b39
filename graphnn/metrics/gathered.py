"""Gathers what metrics of a whole part need to know of each sample, while the part is measured a chunk at a time."""

from typing import Any

import numpy as np

from graphnn.metrics.base import WholeMetric
from graphnn.metrics.outputs import Outputs
from graphnn.metrics.sums import layout
from graphnn.types import Array, Shape


class Gathered:
    """The scores of samples for the metrics that are no sums over pieces, for outputs of a meaning and shape.

    needed: whether there is such a metric; else nothing has to be added.
    """

    def __init__(self, outputs: type[Outputs], output_shape: Shape) -> None:
        self._outputs = outputs
        self._metrics: list[tuple[WholeMetric[Any], slice]] = [
            (metric, part) for metric, part in layout(outputs, output_shape).parts if isinstance(metric, WholeMetric)
        ]
        self._scores: list[list[Array]] = [[] for _ in self._metrics]

    @property
    def needed(self) -> bool:
        """Whether samples have to be added."""
        return bool(self._metrics)

    def add(self, y_gt: Array, y: Array, *, logits: bool) -> None:
        """Add samples: their targets, and predictions or, with `logits`, the inputs of the last layer."""
        if self.needed:
            outputs = self._outputs(y_gt, y, logits=logits)
            for (metric, _), scores in zip(self._metrics, self._scores, strict=True):
                scores.append(metric.scores(outputs))

    def filled(self, sums: Array) -> Array:
        """Return the sum of all pieces' partial sums with those of the metrics that needed all samples."""
        sums = sums.copy()
        for (metric, part), scores in zip(self._metrics, self._scores, strict=True):
            sums[part] = metric.whole(np.concatenate(scores))
        return sums
