"""What the outputs of a network mean: classes, yes or no, or numbers. Its loss declares which."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from graphnn.types import Array, Shape


class Outputs(ABC):
    """The outputs of n samples beside their targets, with what the loss and its metrics need of both.

    y_gt: targets as `Loss.check_targets` accepts them. y: predictions, n×(output shape); with `logits` what the last
    layer, Softmax or Sigmoid, would have made them from. truth, predicted: what should be predicted and what is, in one
    form. All of it is computed at once, with every piece of a batch; nothing refers to y's memory but y, and
    `predicted` of numbers. Each subclass is one meaning, and says which targets it takes.
    """

    truth: Array
    predicted: Array

    @abstractmethod
    def __init__(self, y_gt: Array, y: Array, *, logits: bool = False) -> None:
        self.y_gt, self.y, self.logits = y_gt, y, logits

    @classmethod
    @abstractmethod
    def random_targets(cls, n: int, output_shape: Shape, rng: np.random.Generator, dtype: Any) -> Array:
        """Return targets of n samples that fit outputs of a shape, drawn at random; numbers are of `dtype`."""


class Classes(Outputs):
    """A score for each of K classes, n×K, of which one is the sample's.

    Targets: integer labels n, or rows n×K of one number a class that sum to 1; of these, the highest is the class.
    truth: the labels, n. predicted: the label of the highest score, n; of equal ones the first. rows: 0…n − 1.
    true_scores: those of the true classes, n.
    """

    def __init__(self, y_gt: Array, y: Array, *, logits: bool = False) -> None:
        super().__init__(y_gt, y, logits=logits)
        self.truth = y_gt if y_gt.ndim == 1 else y_gt.argmax(axis=1)
        self.predicted = y.argmax(axis=1)
        self.rows = np.arange(len(y))
        self.true_scores: Array = y[self.rows, self.truth]

    @classmethod
    def random_targets(cls, n: int, output_shape: Shape, rng: np.random.Generator, dtype: Any) -> Array:
        return rng.integers(0, output_shape[0], n)


class YesOrNo(Outputs):
    """For each output, whether something is so: a probability. Several may be true of a sample, or none.

    Targets: numbers in 0…1, n×(output shape), or n where there is one output. targets: as y, in shape and dtype.
    truth, predicted: whether each target, and each probability, is above ½, n×(output shape).
    """

    def __init__(self, y_gt: Array, y: Array, *, logits: bool = False) -> None:
        super().__init__(y_gt, y, logits=logits)
        self.targets = y_gt.reshape(y.shape).astype(y.dtype, copy=False)
        self.truth, self.predicted = self.targets > 0.5, y > (0 if logits else 0.5)

    @classmethod
    def random_targets(cls, n: int, output_shape: Shape, rng: np.random.Generator, dtype: Any) -> Array:
        return rng.integers(0, 2, (n, *output_shape)).astype(dtype)


class Numbers(Outputs):
    """Quantities, in the units of the targets: regression.

    Targets: finite numbers, n×(output shape), or n where there is one output. truth: as y in shape. predicted: y.
    difference: predicted − truth, n×(output shape), float64. squares: for each output the sum over the samples of the
    difference squared, flat, float64.
    """

    def __init__(self, y_gt: Array, y: Array, *, logits: bool = False) -> None:
        super().__init__(y_gt, y, logits=logits)
        self.truth, self.predicted = y_gt.reshape(y.shape), y
        self.difference: Array = np.subtract(y, self.truth, dtype=np.float64)
        self.squares: Array = np.square(self.difference).sum(axis=0).ravel()

    @classmethod
    def random_targets(cls, n: int, output_shape: Shape, rng: np.random.Generator, dtype: Any) -> Array:
        return rng.standard_normal((n, *output_shape), np.float32).astype(dtype)
