"""What the outputs of a network mean: classes, yes or no, or numbers. Its loss declares which."""

from abc import ABC, abstractmethod
from functools import cached_property
from typing import Any

import numpy as np

from graphnn.types import Array, Shape


class Outputs(ABC):
    """The outputs of n samples beside their targets; what the loss and several metrics need is computed once.

    y_gt: targets as `Loss.check_targets` accepts them. y: predictions, n×(output shape); with `logits` what the last
    layer, Softmax or Sigmoid, would have made them from. Each subclass is one meaning, and says which targets it takes.
    """

    def __init__(self, y_gt: Array, y: Array, *, logits: bool = False) -> None:
        self.y_gt, self.y, self.logits = y_gt, y, logits

    @property
    @abstractmethod
    def truth(self) -> Array:
        """What should have been predicted, in the form that `predicted` has."""

    @property
    @abstractmethod
    def predicted(self) -> Array:
        """What the network predicts: a label a sample, or for each output yes or no, or a number."""

    @classmethod
    @abstractmethod
    def random_targets(cls, n: int, output_shape: Shape, rng: np.random.Generator, dtype: Any) -> Array:
        """Return targets of n samples that fit outputs of a shape, drawn at random; numbers are of `dtype`."""


class Classes(Outputs):
    """A score for each of K classes, n×K, of which one is the sample's.

    Targets: integer labels n, or rows n×K of one number a class that sum to 1; of these, the highest is the class.
    """

    @cached_property
    def truth(self) -> Array:
        """The labels, n."""
        return self.y_gt if self.y_gt.ndim == 1 else np.asarray(self.y_gt.argmax(axis=1))

    @cached_property
    def predicted(self) -> Array:
        """The label of the highest score, n; of equal ones the first."""
        return np.asarray(self.y.argmax(axis=1))

    @cached_property
    def rows(self) -> Array:
        """0…n − 1, to take one score of each row by."""
        return np.arange(len(self.y))

    @classmethod
    def random_targets(cls, n: int, output_shape: Shape, rng: np.random.Generator, dtype: Any) -> Array:
        return rng.integers(0, output_shape[0], n)


class YesOrNo(Outputs):
    """For each output, whether something is so: a probability. Several may be true of a sample, or none.

    Targets: numbers in 0…1, n×(output shape), or n where there is one output.
    """

    @cached_property
    def truth(self) -> Array:
        """Whether each target is above ½, n×(output shape)."""
        return self.y_gt.reshape(self.y.shape).astype(self.y.dtype, copy=False) > 0.5

    @cached_property
    def predicted(self) -> Array:
        """Whether each probability is above ½, n×(output shape)."""
        return self.y > (0 if self.logits else 0.5)

    @classmethod
    def random_targets(cls, n: int, output_shape: Shape, rng: np.random.Generator, dtype: Any) -> Array:
        return rng.integers(0, 2, (n, *output_shape)).astype(dtype)


class Numbers(Outputs):
    """Quantities, in the units of the targets: regression.

    Targets: finite numbers, n×(output shape), or n where there is one output.
    """

    @property
    def truth(self) -> Array:
        """The targets, n×(output shape)."""
        return self.y_gt.reshape(self.y.shape)

    @property
    def predicted(self) -> Array:
        """The outputs as they are."""
        return self.y

    @cached_property
    def difference(self) -> Array:
        """By how much each prediction is above the truth, n×(output shape), float64."""
        return np.subtract(self.y, self.truth, dtype=np.float64)

    @cached_property
    def squares(self) -> Array:
        """The sum over the samples of the squared difference, for each output; flat, float64."""
        return np.asarray(np.square(self.difference).sum(axis=0).ravel())

    @classmethod
    def random_targets(cls, n: int, output_shape: Shape, rng: np.random.Generator, dtype: Any) -> Array:
        return rng.standard_normal((n, *output_shape), np.float32).astype(dtype)
