"""The losses: how far predictions are from the truth, the gradient of that, and the metrics that people read."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from graphnn.errors import DataError
from graphnn.kernels.sigmoid import sigmoid
from graphnn.layers.base import Layer
from graphnn.layers.sigmoid import Sigmoid
from graphnn.layers.softmax import Softmax
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


@dataclass(frozen=True)
class CrossEntropy(Loss):
    """Categorical cross-entropy: L = −Σ y ln p over the classes; the metric is accuracy.

    Targets: integer labels N, or one-hot rows (or other distributions) N×K. From probabilities, p is clipped at
    2.2e-16 and the gradient is −y′/p/n; from logits nothing is clipped and the gradient is (softmax − y′)/n.
    label_smoothing ε: the gradient, which training follows, is that of the targets y′ = (1 − ε)·y + ε/K, while L and
    what is reported of it are always those of y.
    Source of the smoothing: Szegedy et al. 2016, "Rethinking the Inception architecture for computer vision",
    section 7.
    """

    label_smoothing: float = 0.0

    fused_with = Softmax
    metrics = ("accuracy",)

    def piece(self, y_gt: Array, y: Array, n: int, *, logits: bool, dy: Array | None) -> Array:
        work = np.empty_like(y) if dy is None else dy
        labels = y_gt if y_gt.ndim == 1 else y_gt.argmax(axis=1)
        rows, highest = np.arange(len(y)), y.argmax(axis=1)
        correct = np.count_nonzero(highest == labels)
        one_hot = None if y_gt.ndim == 1 else y_gt
        wanted = one_hot if dy is None or self.label_smoothing == 0 else self.smoothed(y_gt, y)

        def at_truth(values: Array) -> Array:
            return np.asarray(values[rows, labels] if one_hot is None else np.einsum("nk,nk->n", one_hot, values))

        if logits:
            np.subtract(y, y[rows, highest][:, None], out=work)  # y.max(axis=1) takes 4.6 µs of 64×10, this 1.2
            score = at_truth(work)
            np.exp(work, out=work)
            total = work.sum(axis=1, keepdims=True)
            loss = np.log(total[:, 0]) - score
            if dy is not None:
                dy *= 1 / (total * n)
                if wanted is None:
                    dy[rows, labels] -= 1 / n
                else:
                    dy -= wanted / n
        else:
            np.maximum(y, SMALLEST, out=work)
            p = work[rows, labels] if one_hot is None else None
            loss = -at_truth(np.log(work)) if p is None else -np.log(p)
            if dy is not None and wanted is not None:
                np.divide(wanted, dy, out=dy)
                dy *= -1 / n
            elif dy is not None and p is not None:
                dy[...] = 0
                dy[rows, labels] = -1 / (p * n)
        return np.array([loss.sum(dtype=np.float64), correct], np.float64)

    def smoothed(self, y_gt: Array, y: Array) -> Array:
        """Return (1 − ε)·y + ε/K as rows like those of y, from labels or rows."""
        kept, share = 1 - self.label_smoothing, self.label_smoothing / y.shape[1]
        if y_gt.ndim == 2:
            return np.asarray(kept * y_gt + share, y.dtype)
        rows = np.full_like(y, share)
        rows[np.arange(len(y)), y_gt] += kept
        return rows

    def summarise(self, sums: Array, count: int) -> dict[str, float]:
        return {"loss": float(sums[0] / count), "accuracy": float(sums[1] / count)}

    def check_targets(self, y_gt: Array, output_shape: Shape) -> None:
        if len(output_shape) != 1:
            raise DataError(f"CrossEntropy needs a vector of class scores, not {shape_text(output_shape)}")
        classes = output_shape[0]
        if y_gt.shape[1:] == output_shape and y_gt.ndim == 2:
            if not (np.all(y_gt >= 0) and np.allclose(y_gt.sum(axis=1, dtype=np.float64), 1, rtol=0, atol=1e-3)):
                raise DataError("CrossEntropy needs one-hot rows: no number below 0, and each row's sum 1")
            return
        if y_gt.ndim != 1 or y_gt.dtype.kind not in "iu":
            raise DataError(
                f"CrossEntropy needs integer labels or one-hot rows of {classes}, not {_described(y_gt)}"
                + ("; for such targets use MeanSquaredError" if y_gt.dtype.kind == "f" else "")
            )
        if len(y_gt) and not 0 <= y_gt.min() <= y_gt.max() < classes:
            raise DataError(
                f"the labels run from {y_gt.min()} to {y_gt.max()}, but the network has {classes} outputs: "
                f"labels must lie in 0…{classes - 1}"
            )


@dataclass(frozen=True)
class MeanSquaredError(Loss):
    """Mean squared error: L = Σ (y − t)² / K over the K outputs; the metrics are mean absolute error and R².

    Targets: N×K, or N where K is 1. The gradient is 2(y − t)/(nK). R² = 1 − Σ(y − t)²/Σ(t − t̄)² for each output, then
    the mean over the outputs; for an output whose target is constant it is 1 where every prediction is exact, else 0.
    """

    metrics = ("mean_absolute_error", "r2")

    def piece(self, y_gt: Array, y: Array, n: int, *, logits: bool, dy: Array | None) -> Array:
        outputs = y[0].size
        truth = y_gt.reshape(y.shape)
        difference = np.subtract(y, truth, dtype=np.float64)
        if dy is not None:
            np.multiply(difference, 2 / (n * outputs), out=dy, casting="same_kind")
        absolute = np.abs(difference).sum()
        squares = np.square(difference, out=difference).sum(axis=0).ravel()
        exact = truth.astype(np.float64)
        sums = exact.sum(axis=0).ravel()
        moments = np.square(exact, out=exact).sum(axis=0).ravel()
        return np.concatenate([[squares.sum() / outputs, absolute / outputs], squares, sums, moments])

    def summarise(self, sums: Array, count: int) -> dict[str, float]:
        squares, totals, moments = sums[2:].reshape(3, -1)
        spread = moments - totals**2 / count
        known = spread > 1e-12 * moments  # what is below is rounding: the target is constant
        r2 = np.where(known, 1 - squares / np.where(known, spread, 1), squares == 0)
        return {
            "loss": float(sums[0] / count),
            "mean_absolute_error": float(sums[1] / count),
            "r2": float(r2.mean()),
        }

    def check_targets(self, y_gt: Array, output_shape: Shape) -> None:
        _check_values(self.type, y_gt, output_shape)
        if not np.all(np.isfinite(y_gt)):
            raise DataError("the targets hold numbers that are not finite")


@dataclass(frozen=True)
class BinaryCrossEntropy(Loss):
    """Binary cross-entropy: L = −Σ (t ln p + (1 − t) ln(1 − p)) / K over K independent yes-or-no outputs.

    Targets: N×K numbers in 0…1, or N where K is 1. The metric is accuracy: the part of all outputs that lie on the
    truth's side of ½. From probabilities, p and 1 − p are clipped at 2.2e-16 and the gradient is
    ((1 − t)/(1 − p) − t/p)/(nK); from logits z nothing is clipped: L = max(z, 0) − t z + ln(1 + e^−|z|), and the
    gradient is (sigmoid z − t)/(nK).
    """

    fused_with = Sigmoid
    metrics = ("accuracy",)

    def piece(self, y_gt: Array, y: Array, n: int, *, logits: bool, dy: Array | None) -> Array:
        outputs = y[0].size
        t = y_gt.reshape(y.shape).astype(y.dtype, copy=False)
        correct = np.count_nonzero((y > (0 if logits else 0.5)) == (t > 0.5))
        if logits:
            loss = np.maximum(y, 0) - t * y + np.log1p(np.exp(-np.abs(y)))
            if dy is not None:
                sigmoid(y, dy)
                dy -= t
        else:
            p, q = np.maximum(y, SMALLEST), np.maximum(1 - y, SMALLEST)
            loss = (t - 1) * np.log(q) - t * np.log(p)
            if dy is not None:
                np.divide(1 - t, q, out=dy)
                dy -= t / p
        if dy is not None:
            dy *= 1 / (n * outputs)
        return np.array([loss.sum(dtype=np.float64) / outputs, correct / outputs])

    def summarise(self, sums: Array, count: int) -> dict[str, float]:
        return {"loss": float(sums[0] / count), "accuracy": float(sums[1] / count)}

    def check_targets(self, y_gt: Array, output_shape: Shape) -> None:
        _check_values(self.type, y_gt, output_shape)
        if not np.all((y_gt >= 0) & (y_gt <= 1)):
            raise DataError(
                "BinaryCrossEntropy needs targets in 0…1; for class labels use Softmax and CrossEntropy, "
                "for other values MeanSquaredError"
            )


def _check_values(loss: str, y_gt: Array, output_shape: Shape) -> None:
    """Raise DataError unless each sample has one numeric target for each output."""
    if y_gt.dtype.kind not in "fiub":
        raise DataError(f"{loss} needs numbers as targets, not {_described(y_gt)}")
    if y_gt.shape[1:] != output_shape and not (y_gt.ndim == 1 and output_shape == (1,)):
        advice = "; for class labels use Softmax and CrossEntropy" if y_gt.dtype.kind in "iu" else ""
        raise DataError(
            f"{loss} needs targets of N×{shape_text(output_shape)}, like the network's output, "
            f"not {_described(y_gt)}{advice}"
        )


def _described(array: Array) -> str:
    sizes = "×".join(["N", *(str(size) for size in array.shape[1:])])
    return f"an array {sizes} of {array.dtype}"


LOSSES: dict[str, type[Any]] = {loss.__name__: loss for loss in (CrossEntropy, MeanSquaredError, BinaryCrossEntropy)}
