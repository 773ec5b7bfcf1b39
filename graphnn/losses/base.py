"""What a loss is: how far predictions are from the truth, the gradient of that, and what the outputs mean."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from graphnn.errors import DataError
from graphnn.layers.base import Layer
from graphnn.metrics.loss import MeanLoss
from graphnn.metrics.outputs import Outputs
from graphnn.metrics.sums import Layout, layout, metrics_of
from graphnn.registry import Registry
from graphnn.specification.describable import Describable, check_built_in
from graphnn.types import Array, Shape, shape_text

SMALLEST = 2.2e-16  # probabilities below it count as it


@dataclass(frozen=True)
class Loss(Describable, ABC):
    """One loss: the mean over the batch of a number for each sample.

    outputs: what it takes the network's outputs for; their targets and metrics follow from it.
    fused_with: the last layer that the loss can be evaluated together with, from that layer's input (the logits).
    """

    outputs: ClassVar[type[Outputs]]
    fused_with: ClassVar[type[Layer] | None] = None

    def _check_settings(self) -> None:
        check_built_in(self, "loss", LOSSES)

    @property
    def type(self) -> str:
        """The `type` in the document: the name of the class."""
        return type(self).__name__

    def __call__(self, y_gt: npt.ArrayLike, y_pred: npt.ArrayLike) -> float:
        """Return the mean loss of predictions (N×K) against the truth. Raises DataError for targets that do not fit."""
        truth, y = self._checked(y_gt, y_pred)
        return float(self.piece(truth, y, len(y), logits=False)[0] / len(y))

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
    def piece(self, y_gt: Array, y: Array, n: int, *, logits: bool, dy: Array | None = None) -> Array:
        """Return the sums over a piece of m samples of a batch of n: of the loss, then what the metrics need.

        y_gt: m targets, which `check_targets` has accepted. y: predictions, m×(output shape), or with `logits` the
        input of `fused_with`, float32 or float64; it is not changed. dy: takes the gradient of the mean over all n
        samples with respect to y, of y's shape and dtype; it may be y's memory. The sums are a float64 vector, laid
        out as `layout` says; those of all pieces added up are what `summarise` needs.
        """

    @abstractmethod
    def check_targets(self, y_gt: Array, output_shape: Shape) -> None:
        """Raise DataError where targets, N×…, do not fit a network whose one prediction has `output_shape`."""

    def metrics(self, output_shape: Shape | None = None) -> tuple[str, ...]:
        """Return the names of what is reported, "loss" first; of outputs of any shape where none is given."""
        if output_shape is not None:
            return self.layout(output_shape).names
        return (MeanLoss.name, *(metric.name for metric in metrics_of(self.outputs)))

    def summarise(self, sums: Array, count: int, output_shape: Shape) -> dict[str, float]:
        """Return "loss" and the metrics of `count` samples from the sum of their pieces' sums.

        output_shape: of one prediction. A metric that is a part of the whole lies in 0…1.
        """
        return self.layout(output_shape).figures(sums, count)

    def layout(self, output_shape: Shape) -> Layout:
        """Return what the sums of `piece` are of, where one prediction has `output_shape`."""
        return layout(self.outputs, output_shape)

    def reported(self) -> Self:
        """Return the loss whose value `piece` gives, where training follows the gradient of another one."""
        return self


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
