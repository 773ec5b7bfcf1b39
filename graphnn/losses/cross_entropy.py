"""CrossEntropy: the loss of classes."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from graphnn.errors import DataError
from graphnn.layers.softmax import Softmax
from graphnn.losses.base import LOSSES, SMALLEST, Loss, described
from graphnn.metrics.outputs import Classes
from graphnn.metrics.sums import sums_of
from graphnn.types import Array, Shape, shape_text


@LOSSES.register
@dataclass(frozen=True)
class CrossEntropy(Loss):
    """Categorical cross-entropy: L = −Σ y ln p over the classes.

    Targets: integer labels N, or one-hot rows (or other distributions) N×K. From probabilities, p is clipped at
    2.2e-16 and the gradient is −y′/p/n; from logits nothing is clipped and the gradient is (softmax − y′)/n.
    label_smoothing ε: the gradient, which training follows, is that of the targets y′ = (1 − ε)·y + ε/K, while L and
    what is reported of it are always those of y.
    Source of the smoothing: Szegedy et al. 2016, "Rethinking the Inception architecture for computer vision",
    section 7.
    """

    label_smoothing: float = 0.0

    outputs = Classes
    fused_with = Softmax

    def piece(self, y_gt: Array, y: Array, n: int, *, logits: bool, dy: Array | None = None) -> Array:
        seen = Classes(y_gt, y, logits=logits)
        sums = sums_of(seen)  # before dy is written, which may be y's memory
        work = np.empty_like(y) if dy is None else dy
        rows, labels, highest = seen.rows, seen.truth, seen.predicted
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
        sums[0] = loss.sum(dtype=np.float64)
        return sums

    def smoothed(self, y_gt: Array, y: Array) -> Array:
        """Return (1 − ε)·y + ε/K as rows like those of y, from labels or rows."""
        kept, share = 1 - self.label_smoothing, self.label_smoothing / y.shape[1]
        if y_gt.ndim == 2:
            return np.asarray(kept * y_gt + share, y.dtype)
        rows = np.full_like(y, share)
        rows[np.arange(len(y)), y_gt] += kept
        return rows

    def reported(self) -> Self:
        return replace(self, label_smoothing=0.0)

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
                f"CrossEntropy needs integer labels or one-hot rows of {classes}, not {described(y_gt)}"
                + ("; for such targets use MeanSquaredError" if y_gt.dtype.kind == "f" else "")
            )
        if len(y_gt) and not 0 <= y_gt.min() <= y_gt.max() < classes:
            raise DataError(
                f"the labels run from {y_gt.min()} to {y_gt.max()}, but the network has {classes} outputs: "
                f"labels must lie in 0…{classes - 1}"
            )
