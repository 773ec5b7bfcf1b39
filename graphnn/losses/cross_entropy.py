"""CrossEntropy: the loss of a choice among classes."""

from dataclasses import replace
from typing import Self

import numpy as np

from graphnn.errors import DataError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.layers.softmax import Softmax
from graphnn.losses.base import LOSSES, SMALLEST, described
from graphnn.losses.class_weights import ClassWeighted, Setting
from graphnn.metrics.outputs import Classes
from graphnn.metrics.sums import sums_of
from graphnn.types import Array, Shape, shape_text


@LOSSES.register
@frozen_dataclass
class CrossEntropy(ClassWeighted):
    """Categorical cross-entropy: L = −Σ y ln p over the classes.

    Targets: integer labels N, or one-hot rows (or other distributions) N×K. From probabilities, p is raised to
    `np.finfo(float).eps`, 2.220446049250313e-16, where it is smaller, and the gradient is −y′/p/n with that p; from
    logits nothing is clipped and the gradient is (softmax − y′)/n.
    label_smoothing: ε; the gradient, which training follows, is that of the targets y′ = (1 − ε)·y + ε/K, but L, which
    is reported, is always that of y. Source of label smoothing: Szegedy et al. 2016, "Rethinking
    the Inception architecture for computer vision", section 7.
    class_weights: w, one for each class, or by the name or number of classes, the others weighing 1, or "balanced":
    N/(K·n) for a class with n of the N samples to train on, as in scikit-learn. y is w·y then in all of the above: a
    sample of class c counts w_c times, as in Keras, and the mean is still over the number of samples, not over the sum
    of their weights as in PyTorch, so that the gradient of a sample does not depend on the others in its batch. From
    logits the gradient is (s·softmax − y′)/n, with s = Σ w·y and y′ = (1 − ε)·w·y + ε·s/K. L is reported with the
    weights, in every part of the data.
    """

    label_smoothing: float = 0.0
    class_weights: Setting = None

    outputs = Classes
    fused_with = Softmax

    def piece(self, y_gt: Array, y: Array, n: int, *, logits: bool, dy: Array | None = None) -> Array:
        outputs = Classes(y_gt, y, logits=logits)
        sums = sums_of(outputs, training=dy is not None)  # before dy is written, which may be y's memory
        weights = self._weights(y.dtype)
        if weights is not None:
            losses = self._weighted(outputs, weights, n, dy)
        else:
            losses = self._from_logits(outputs, n, dy) if logits else self._from_probabilities(outputs, n, dy)
        sums[0] = np.add.reduce(losses, dtype=np.float64)
        return sums

    def _from_logits(self, outputs: Classes, n: int, dy: Array | None) -> Array:
        """Return the loss of each sample, n, and write the gradient into dy unless it is None."""
        y, rows, labels = outputs.y, outputs.rows, outputs.truth
        work = np.empty_like(y) if dy is None else dy
        highest = y[rows, outputs.predicted]  # y.max(axis=1) takes 4.6 µs of 64×10, this 1.2
        np.subtract(y, highest[:, None], out=work)
        score = outputs.true_scores - highest if outputs.y_gt.ndim == 1 else np.einsum("nk,nk->n", outputs.y_gt, work)
        np.exp(work, out=work)
        total = np.add.reduce(work, axis=1, keepdims=True)
        losses: Array = np.log(total[:, 0]) - score
        if dy is not None:
            targets = self._targets(outputs)
            dy *= 1 / (total * n)
            if targets is None:
                dy[rows, labels] -= 1 / n
            else:
                dy -= targets / n
        return losses

    def _weighted(self, outputs: Classes, weights: Array, n: int, dy: Array | None) -> Array:
        """Return the loss of each sample, n, with weights of the classes, and write the gradient into dy likewise."""
        y, labels = outputs.y, outputs.y_gt.ndim == 1
        targets = np.zeros_like(y) if labels else np.asarray(outputs.y_gt * weights, y.dtype)
        if labels:
            targets[outputs.rows, outputs.truth] = weights[outputs.truth]
        of_sample = weights[outputs.truth] if labels else np.add.reduce(targets, axis=1)
        if outputs.logits:
            shifted = y - y[outputs.rows, outputs.predicted][:, None]
            powers = np.exp(shifted)
            total = np.add.reduce(powers, axis=1)
            losses = of_sample * np.log(total) - np.einsum("nk,nk->n", targets, shifted)
        else:
            clipped = np.maximum(y, SMALLEST)
            losses = -np.einsum("nk,nk->n", targets, np.log(clipped))
        if dy is not None:
            if self.label_smoothing:
                targets *= 1 - self.label_smoothing
                targets += (self.label_smoothing / y.shape[1]) * of_sample[:, None]
            if outputs.logits:
                np.multiply(powers, (of_sample / total)[:, None], out=dy)
                dy -= targets
                dy *= 1 / n
            else:
                np.divide(targets, clipped, out=dy)
                dy *= -1 / n
        return np.asarray(losses)

    def _from_probabilities(self, outputs: Classes, n: int, dy: Array | None) -> Array:
        """Return the loss of each sample, n, and write the gradient into dy unless it is None."""
        targets = None if dy is None else self._targets(outputs)
        clipped = np.maximum(outputs.y, SMALLEST)
        p = clipped[outputs.rows, outputs.truth]
        losses: Array = -np.log(p) if outputs.y_gt.ndim == 1 else -np.einsum("nk,nk->n", outputs.y_gt, np.log(clipped))
        if dy is not None and targets is not None:
            np.divide(targets, clipped, out=dy)
            dy *= -1 / n
        elif dy is not None:
            dy[...] = 0
            dy[outputs.rows, outputs.truth] = -1 / (p * n)
        return losses

    def _targets(self, outputs: Classes) -> Array | None:
        """Return the targets y′ of the gradient, n×K; None for labels without smoothing."""
        if self.label_smoothing == 0:
            return outputs.y_gt if outputs.y_gt.ndim == 2 else None
        return self.smoothed(outputs.y_gt, outputs.y)

    def smoothed(self, y_gt: Array, y: Array) -> Array:
        """Return the targets (1 − ε)·y_gt + ε/K, n×K of y's dtype, from labels or rows. y: the outputs, n×K."""
        kept, share = 1 - self.label_smoothing, self.label_smoothing / y.shape[1]
        if y_gt.ndim == 2:
            return np.asarray(kept * y_gt + share, y.dtype)
        rows = np.full_like(y, share)
        rows[np.arange(len(y)), y_gt] += kept
        return rows

    def beliefs(self, y: Array) -> Array:
        """Return the probabilities q of the classes for outputs p, n×K: q = max(p − ε/K, 0) / Σ max(p − ε/K, 0).

        From smoothed targets a network learns (1 − ε)·q + ε/K, so that it is never surer than 1 − ε + ε/K. The order of
        the classes stays, and without smoothing everything.
        """
        if self.label_smoothing == 0:
            return y
        kept = np.maximum(y - self.label_smoothing / y.shape[1], 0)
        return np.asarray(kept / kept.sum(axis=1, keepdims=True))

    def counts(self, targets: Array, output_shape: Shape) -> Array:
        if targets.ndim == 1:
            return np.bincount(targets, minlength=output_shape[0]).astype(np.float64)
        return np.asarray(targets.sum(axis=0, dtype=np.float64))

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
        low, high = (int(y_gt.min()), int(y_gt.max())) if len(y_gt) else (0, 0)
        if not 0 <= low <= high < classes:
            advice = f"; subtract {low} from all" if low > 0 and high - low < classes else ""
            raise DataError(
                f"the labels run from {low} to {high}, but the network has {classes} outputs: "
                f"labels must lie in 0…{classes - 1}{advice}"
            )
