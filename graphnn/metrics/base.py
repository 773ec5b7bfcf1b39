"""The base classes of metrics, computed from outputs and targets a piece at a time, and their registry."""

import math
from abc import ABC, abstractmethod
from operator import attrgetter
from typing import ClassVar, Generic, TypeVar

from graphnn.metrics.outputs import Outputs
from graphnn.registry import Registry
from graphnn.types import Array, Shape

Meaning = TypeVar("Meaning", bound=Outputs)


class Metric:
    """A figure that is reported of a network.

    name: in files, JSON and documents. label: for people. short: where a terminal is narrow; "": as the label. percent:
    whether 0.98 is shown as 98%. higher_is_better: whether the higher of two values is the better one. brief: whether
    it is shown where space is short: in the line of an epoch, and as a column of a comparison.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    short: ClassVar[str] = ""
    percent: ClassVar[bool] = False
    higher_is_better: ClassVar[bool]
    brief: ClassVar[bool] = True


class OutputMetric(Metric, ABC, Generic[Meaning]):
    """A metric that is computed from outputs and targets, by partial sums that are added up over the pieces.

    outputs: the meanings of outputs for which it is reported.
    """

    outputs: ClassVar[tuple[type[Outputs], ...]]

    def suits(self, output_shape: Shape) -> bool:
        """Return whether it is meaningful for outputs of this shape (of one sample)."""
        return True

    def size(self, output_shape: Shape) -> int:
        """Return the number of its partial sums, for outputs of this shape (of one sample)."""
        return 1

    @abstractmethod
    def sums(self, outputs: Meaning) -> float | Array:
        """Return the partial sums over the samples of a piece: a number, or `size` float64 numbers."""

    def value(self, sums: Array, count: int) -> float:
        """Return the metric of `count` samples from the total of their `size` partial sums; by default the mean."""
        return float(sums[0] / count)


METRICS: Registry[type[Metric]] = Registry("metric", "graphnn.metrics", name_of=attrgetter("name"))


def outputs_per_sample(samples: Array) -> int:
    """Return the number of elements for each sample of an array n×(shape)."""
    return math.prod(samples.shape[1:])
