"""The base class of losses, which also declare what the network's outputs mean, and their registry."""

from __future__ import annotations  # importing numpy.typing takes 1 ms

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from graphnn.errors import DataError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.layers.base import Layer
from graphnn.metrics.loss import MeanLoss
from graphnn.metrics.outputs import Outputs
from graphnn.metrics.sums import Layout, layout, metrics_of
from graphnn.registry import Registry
from graphnn.specification.describable import Describable, check_built_in
from graphnn.types import NUMERIC, Array, Shape, shape_text

if TYPE_CHECKING:
    import numpy.typing as npt

SMALLEST = float(np.finfo(float).eps)  # 2⁻⁵², exact in float32 too; smaller probabilities are raised to it


@frozen_dataclass
class Loss(Describable, ABC):
    """A loss: the mean over the batch of one number for each sample.

    outputs: what the network's outputs mean, which decides on their targets and metrics.
    fused_with: the type of last layer together with which the loss can be computed, from its input (the logits).
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
        """Return the mean loss of N predictions.

        y_gt: N targets, see the class. y_pred: N×(output shape), the network's outputs. Raises DataError for targets
        that do not fit.
        """
        truth, y = self._checked(y_gt, y_pred)
        return float(self.settled(y.shape[1:]).piece(truth, y, len(y), logits=False)[0] / len(y))

    def gradient(self, y_gt: npt.ArrayLike, y_pred: npt.ArrayLike) -> Array:
        """Return the gradient of the mean loss with respect to the predictions, in their shape.

        y_gt, y_pred: as in a call of the loss. Raises DataError for targets that do not fit.
        """
        truth, y = self._checked(y_gt, y_pred)
        dy = np.empty_like(y)
        self.settled(y.shape[1:]).piece(truth, y, len(y), logits=False, dy=dy)
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
        """Return the partial sums of the loss and its metrics over a piece of m samples of a batch of n samples.

        y_gt: m targets, which `check_targets` has accepted. y: predictions, m×(output shape), float32 or float64, or
        with `logits` the inputs of the `fused_with` layer; not changed unless dy is the same memory. dy: receives the
        gradient of the mean loss over all n samples with respect to y, in y's shape and dtype; None: not needed, as in
        inference. The sums are a float64 vector in the order of `layout`, of training where there is a dy; `summarise`
        takes the sum of those of all pieces.
        """

    @abstractmethod
    def check_targets(self, y_gt: Array, output_shape: Shape) -> None:
        """Raise DataError where targets, N×…, do not fit predictions of `output_shape`."""

    def metrics(self, output_shape: Shape | None = None) -> tuple[str, ...]:
        """Return "loss" and the names of its metrics, for predictions of `output_shape`, or of any shape for None."""
        if output_shape is not None:
            return self.layout(output_shape).names
        return (MeanLoss.name, *(metric.name for metric in metrics_of(self.outputs)))

    def summarise(self, sums: Array, count: int, output_shape: Shape, *, training: bool = False) -> dict[str, float]:
        """Return the loss and its metrics of `count` samples, by name, from the sum of their pieces' partial sums.

        output_shape: of one prediction. training: as in `layout`. Fractions are in 0…1, not per cent.
        """
        return self.layout(output_shape, training=training).figures(sums, count)

    def layout(self, output_shape: Shape, *, training: bool = False) -> Layout:
        """Return the layout of the vector that `piece` returns for predictions of `output_shape`.

        training: with a gradient, where metrics are left out that are not worth their time in every step.
        """
        return layout(self.outputs, output_shape, training=training)

    def of_inputs(self) -> Loss:
        """Return the loss for targets that are the network's inputs, which says what its outputs mean then."""
        return self

    def beliefs(self, y: Array) -> Array:
        """Return what outputs n×K say of the sample, where the loss has taught the network to say something else."""
        return y

    def settled(self, output_shape: Shape) -> Self:
        """Return the loss for outputs of this shape (of one sample), with nothing left to be known of the data."""
        return self

    def reported(self) -> Self:
        """Return the loss that is reported, where training follows the gradient of another one, as with smoothing."""
        return self


LOSSES: Registry[type[Loss]] = Registry("loss", "graphnn.losses")


def check_values(loss: str, y_gt: Array, output_shape: Shape) -> None:
    """Raise DataError unless every sample has a numeric target for each output."""
    if y_gt.dtype.kind not in NUMERIC:
        raise DataError(f"{loss} needs numbers as targets, not {described(y_gt)}")
    if y_gt.shape[1:] != output_shape and not (y_gt.ndim == 1 and output_shape == (1,)):
        labels = y_gt.ndim == 1 or y_gt.shape[1:] == (1,)
        labels = labels and bool(np.all(y_gt == np.floor(y_gt)))  # whole numbers, whatever their type
        advice = "; for class labels use Softmax and CrossEntropy" if labels else ""
        raise DataError(
            f"{loss} needs targets of N×{shape_text(output_shape)}, like the network's output, "
            f"not {described(y_gt)}{advice}"
        )


def described(array: Array) -> str:
    """Return the shape and dtype of an array of samples for messages: an array N×10 of float32."""
    sizes = "×".join(["N", *(str(size) for size in array.shape[1:])])
    return f"an array {sizes} of {array.dtype}"
