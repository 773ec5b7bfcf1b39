"""The meanings that a loss can give to the outputs of a network: classes, yes or no, or numbers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from graphnn.types import Array, Shape


class Outputs(ABC):
    """The outputs of n samples and their targets, with the values that the loss and its metrics need; one meaning.

    y_gt: targets that `Loss.check_targets` accepts. y: predictions, n×(output shape); with `logits` the inputs of the
    last layer, Softmax or Sigmoid. truth, predicted: the true and the predicted values, in the same form. All values
    are computed at once, for each piece of a batch; only y, and `predicted` of Numbers, are in y's memory. The
    subclasses say which targets they take.
    """

    truth: Array
    predicted: Array

    @abstractmethod
    def __init__(self, y_gt: Array, y: Array, *, logits: bool = False) -> None:
        self.y_gt, self.y, self.logits = y_gt, y, logits

    @classmethod
    @abstractmethod
    def random_targets(cls, n: int, output_shape: Shape, rng: np.random.Generator, dtype: Any) -> Array:
        """Return random targets of n samples for outputs of this shape (of one sample); numbers are of `dtype`."""


class Classes(Outputs):
    """Scores n×K of K classes, of which each sample has one.

    Targets: integer labels n, or rows n×K of one number for each class that sum to 1; the class is that of the highest.
    truth: the labels, n. predicted: the labels of the highest scores, the first one of equal scores, n. rows: 0…n − 1.
    true_scores: the scores of the true classes, n.
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
    """Probabilities of independent answers yes, n×(output shape); any number of them may be true of a sample.

    Targets: numbers in 0…1, n×(output shape), or n where there is one output. targets: these in y's shape and dtype.
    truth, predicted: whether each target, and each probability, is above ½, n×(output shape).
    """

    def __init__(self, y_gt: Array, y: Array, *, logits: bool = False) -> None:
        super().__init__(y_gt, y, logits=logits)
        self.targets = y_gt.reshape(y.shape).astype(y.dtype, copy=False)
        self.truth, self.predicted = self.targets > 0.5, y > (0 if logits else 0.5)

    @classmethod
    def random_targets(cls, n: int, output_shape: Shape, rng: np.random.Generator, dtype: Any) -> Array:
        return rng.integers(0, 2, (n, *output_shape)).astype(dtype)


class Shares(YesOrNo):
    """Numbers in 0…1 that are to be given back as they are, n×(output shape): inputs as their own targets.

    Targets: as of YesOrNo, but no answers, so that there is nothing to be right or wrong about.
    """


class Numbers(Outputs):
    """Quantities, in the units of the targets: regression.

    Targets: finite numbers, n×(output shape), or n where there is one output. truth: these in y's shape. predicted: y.
    difference: predicted − truth, n×(output shape), float64. squares: for each output the sum of the squared
    differences of the samples, a flat float64 vector.
    """

    def __init__(self, y_gt: Array, y: Array, *, logits: bool = False) -> None:
        super().__init__(y_gt, y, logits=logits)
        self.truth, self.predicted = y_gt.reshape(y.shape), y
        self.difference: Array = np.subtract(y, self.truth, dtype=np.float64)
        self.squares: Array = np.square(self.difference).sum(axis=0).ravel()

    @classmethod
    def random_targets(cls, n: int, output_shape: Shape, rng: np.random.Generator, dtype: Any) -> Array:
        return rng.standard_normal((n, *output_shape), np.float32).astype(dtype)
