"""The base classes of metrics, computed from outputs and targets a piece at a time, and their registry."""

import math
from abc import ABC, abstractmethod
from operator import attrgetter
from typing import ClassVar, Generic, TypeVar

import numpy as np

from graphnn.metrics.outputs import Outputs
from graphnn.registry import Registry
from graphnn.types import Array, Shape

Meaning = TypeVar("Meaning", bound=Outputs)


class Metric:
    """A figure that is reported of a network.

    name: in files, JSON and documents. label: for people. short: where a terminal is narrow; "": as the label. percent:
    whether 0.98 is shown as 98%. higher_is_better: whether the higher of two values is the better one. brief: whether
    it is shown where space is short: in the line of an epoch, and as a column of a comparison. in_training: whether it
    is measured on the training part, too, during the epoch, where it costs time in each step. may_be_undefined: whether
    it is NaN for some targets and predictions that are as they should be, and not only where a network diverges.
    two_classes: whether it compares two classes, so that it says nothing of samples of one of them alone.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    short: ClassVar[str] = ""
    percent: ClassVar[bool] = False
    higher_is_better: ClassVar[bool]
    brief: ClassVar[bool] = True
    in_training: ClassVar[bool] = True
    may_be_undefined: ClassVar[bool] = False
    two_classes: ClassVar[bool] = False


class OutputMetric(Metric, ABC, Generic[Meaning]):
    """A metric that is computed from outputs and targets, by partial sums that are added up over the pieces.

    outputs: the meanings of outputs for which it is reported.
    """

    outputs: ClassVar[tuple[type[Outputs], ...]]

    def suits(self, outputs: type[Outputs], output_shape: Shape) -> bool:
        """Return whether it is meaningful for outputs of this meaning and shape (of one sample)."""
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


class WholeMetric(OutputMetric[Meaning]):
    """A metric that depends on how the samples of a part compare with each other, so that it is no sum over pieces.

    Its partial sums are 0 until a `Gathered` has all samples. It is not measured in training.
    """

    in_training = False

    def sums(self, outputs: Meaning) -> Array:
        """Return zeros."""
        return np.zeros(self.size(outputs.y.shape[1:]))

    @abstractmethod
    def scores(self, outputs: Meaning) -> Array:
        """Return what it needs to know of each sample: float64 of n×S."""

    @abstractmethod
    def whole(self, scores: Array) -> Array:
        """Return its `size` sums from the scores of all samples, N×S. Their order may change nothing."""


METRICS: Registry[type[Metric]] = Registry("metric", "graphnn.metrics", name_of=attrgetter("name"))


def outputs_per_sample(samples: Array) -> int:
    """Return the number of elements for each sample of an array n×(shape)."""
    return math.prod(samples.shape[1:])
