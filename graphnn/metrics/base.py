"""What a metric is: how people read it, and how it is made of outputs and targets, a piece at a time."""

import math
from abc import ABC, abstractmethod
from operator import attrgetter
from typing import ClassVar, Generic, TypeVar

from graphnn.metrics.outputs import Outputs
from graphnn.registry import Registry
from graphnn.types import Array, Shape

Seen = TypeVar("Seen", bound=Outputs)


class Metric:
    """One figure that is reported of a network: a line of the table of metrics.

    name: in files, JSON and the document. label: in words. percent: whether people read 0.98 as 98%. higher_is_better:
    which of two values is the better one. brief: whether it is shown where there is room for few: on the line of an
    epoch, and as the column of a comparison.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    percent: ClassVar[bool] = False
    higher_is_better: ClassVar[bool]
    brief: ClassVar[bool] = True


class OutputMetric(Metric, ABC, Generic[Seen]):
    """A metric that is computed from outputs and targets: from sums that add up over the pieces of the samples.

    outputs: the meanings of outputs that it is reported for.
    """

    outputs: ClassVar[tuple[type[Outputs], ...]]

    def suits(self, output_shape: Shape) -> bool:
        """Return whether it tells anything about outputs of a shape, which one sample has."""
        return True

    def size(self, output_shape: Shape) -> int:
        """Return how many partial sums it needs."""
        return 1

    @abstractmethod
    def sums(self, seen: Seen) -> float | Array:
        """Return the partial sums over the samples seen: a number, or a vector of `size` float64 numbers."""

    def value(self, sums: Array, count: int) -> float:
        """Return the metric of `count` samples from the sum of their partial sums: by default the mean."""
        return float(sums[0] / count)


METRICS: Registry[type[Metric]] = Registry("metric", "graphnn.metrics", name_of=attrgetter("name"))


def outputs_per_sample(samples: Array) -> int:
    """Return how many numbers an array, n×(shape), holds for each sample."""
    return math.prod(samples.shape[1:])
