"""What a loss is: how far predictions are from the truth, the gradient of that, and the metrics that people read."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from graphnn.errors import DataError
from graphnn.layers.base import Layer
from graphnn.registry import Registry
from graphnn.types import Array, Shape, shape_text

SMALLEST = 2.2e-16  # probabilities below it count as it


@dataclass(frozen=True)
class Loss(ABC):
    """One loss: the mean over the batch of a figure for each sample.

    fused_with: the last layer that the loss can be evaluated together with, from that layer's input (the logits).
    metrics: the names that `summarise` gives besides "loss".
    """

    fused_with: ClassVar[type[Layer] | None] = None
    metrics: ClassVar[tuple[str, ...]]

    @property
    def type(self) -> str:
        """The `type` in the document: the name of the class."""
        return type(self).__name__

    def __call__(self, y_gt: npt.ArrayLike, y_pred: npt.ArrayLike) -> float:
        """Return the mean loss of predictions (N×K) against the truth. Raises DataError for targets that do not fit."""
        truth, y = self._checked(y_gt, y_pred)
        return float(self.piece(truth, y, len(y), logits=False, dy=None)[0] / len(y))

    def gradient(self, y_gt: npt.ArrayLike, y_pred: npt.ArrayLike) -> Array:
        """Return the gradient of the mean loss with respect to the predictions, N×K. Raises DataError."""
        truth, y = self._checked(y_gt, y_pred)
        dy = np.empty_like(y)
        self.piece(truth, y, len(y), logits=False, dy=dy)
        return dy

    def _checked(self, y_gt: npt.ArrayLike, y_pred: npt.ArrayLike) -> tuple[Array, Array]:
        truth, y = np.asarray(y_gt), np.asarray(y_pred)
        y = y.astype(np.result_type(y.dtype, np.float32), copy=False)
        self.check_targets(truth, y.shape[1:])
        if len(truth) != len(y):
            raise DataError(f"{len(truth)} targets do not go with {len(y)} predictions")
        return truth, y

    @abstractmethod
    def piece(self, y_gt: Array, y: Array, n: int, *, logits: bool, dy: Array | None) -> Array:
        """Return the float64 sums over a piece of a batch of n samples: of the loss, then what the metrics need.

        y: predictions, or with `logits` the input of `fused_with`. The gradient of the mean over all n samples with
        respect to y is written into dy, where given; dy may be y's own memory.
        """

    @abstractmethod
    def summarise(self, sums: Array, count: int) -> dict[str, float]:
        """Return "loss" and the metrics of `count` samples from the sum of their pieces' sums."""

    @abstractmethod
    def check_targets(self, y_gt: Array, output_shape: Shape) -> None:
        """Raise DataError where targets do not fit a network whose one prediction has `output_shape`."""


LOSSES: Registry[type[Loss]] = Registry("loss", "graphnn.losses")


def check_values(loss: str, y_gt: Array, output_shape: Shape) -> None:
    """Raise DataError unless each sample has one numeric target for each output."""
    if y_gt.dtype.kind not in "fiub":
        raise DataError(f"{loss} needs numbers as targets, not {described(y_gt)}")
    if y_gt.shape[1:] != output_shape and not (y_gt.ndim == 1 and output_shape == (1,)):
        advice = "; for class labels use Softmax and CrossEntropy" if y_gt.dtype.kind in "iu" else ""
        raise DataError(
            f"{loss} needs targets of N×{shape_text(output_shape)}, like the network's output, "
            f"not {described(y_gt)}{advice}"
        )


def described(array: Array) -> str:
    sizes = "×".join(["N", *(str(size) for size in array.shape[1:])])
    return f"an array {sizes} of {array.dtype}"
