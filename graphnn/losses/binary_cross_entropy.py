"""BinaryCrossEntropy: the loss of independent yes-or-no outputs."""

from typing import ClassVar

import numpy as np

from graphnn.errors import DataError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.kernels.sigmoid import sigmoid
from graphnn.layers.sigmoid import Sigmoid
from graphnn.losses.base import LOSSES, SMALLEST, Loss, check_values
from graphnn.losses.class_weights import ClassWeighted, Setting
from graphnn.metrics.outputs import Shares, YesOrNo
from graphnn.metrics.sums import sums_of
from graphnn.types import Array, Shape


@LOSSES.register
@frozen_dataclass
class BinaryCrossEntropy(ClassWeighted):
    """Binary cross-entropy: L = −Σ (t ln p + (1 − t) ln(1 − p)) / K over K independent yes-or-no outputs.

    Targets t: N×K numbers in 0…1, or N where K is 1. From probabilities p, p and 1 − p are raised to
    `np.finfo(float).eps`, 2.220446049250313e-16, where they are smaller, and the gradient is
    ((1 − t)/(1 − p) − t/p)/(nK) with those; from logits z nothing is clipped: L = max(z, 0) − t z + ln(1 + e^−|z|), and
    the gradient is (sigmoid z − t)/(nK).
    class_weights: of one output, the weights of its two classes, no and yes; of K outputs, that of yes in each, no
    weighing 1, as `pos_weight` of PyTorch; or by name; or "balanced": N/(2·n) for an answer of n of the N samples, for
    each output by itself. With a = w_yes t and b = w_no (1 − t) in place of t and 1 − t,
    L = −Σ (a ln p + b ln(1 − p)) / K and the gradient is (b/(1 − p) − a/p)/(nK); from logits
    L = Σ ((a + b) (max(z, 0) + ln(1 + e^−|z|)) − a z) / K and the gradient is ((a + b) sigmoid z − a)/(nK). L is
    reported with the weights, in every part of the data.
    """

    class_weights: Setting = None

    outputs: ClassVar[type[YesOrNo]] = YesOrNo
    fused_with = Sigmoid

    def piece(self, y_gt: Array, y: Array, n: int, *, logits: bool, dy: Array | None = None) -> Array:
        outputs, size = self.outputs(y_gt, y, logits=logits), y[0].size
        sums = sums_of(outputs, training=dy is not None)  # before dy is written, which may be y's memory
        t = outputs.targets
        weights = self._weights(y.dtype)
        if weights is not None:
            loss = weighted_loss(t, y, weights, logits=logits, dy=dy)
        elif logits:
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
            dy *= 1 / (n * size)
        sums[0] = loss.sum(dtype=np.float64) / size
        return sums

    def check_targets(self, y_gt: Array, output_shape: Shape) -> None:
        check_values(self.type, y_gt, output_shape)
        if not np.all((y_gt >= 0) & (y_gt <= 1)):
            raise DataError(
                "BinaryCrossEntropy needs targets in 0…1; for class labels use Softmax and CrossEntropy, "
                "for other values MeanSquaredError"
            )

    def class_count(self, output_shape: Shape) -> int:
        return 2 if output_shape == (1,) else output_shape[0]

    def balanced_shape(self, output_shape: Shape) -> Shape:
        return (2,) if output_shape == (1,) else (*output_shape, 2)

    def classes_text(self, output_shape: Shape) -> str:
        return "2 classes, no and yes" if output_shape == (1,) else f"{output_shape[0]} outputs"

    def counts(self, targets: Array, output_shape: Shape) -> Array:
        yes = targets.reshape(len(targets), -1).sum(axis=0, dtype=np.float64)
        counts = np.array([len(targets) - yes, yes])
        return counts[:, 0] if output_shape == (1,) else counts

    def of_inputs(self) -> Loss:
        return BinaryCrossEntropyOfInputs()


def weighted_loss(t: Array, y: Array, weights: Array, *, logits: bool, dy: Array | None) -> Array:
    """Return the loss of each output, in y's shape, and write its gradient into dy unless it is None.

    t: targets in y's shape, n×K. weights: of no and yes where K is 1; else of yes, K, or of no and yes, K×2.
    """
    if weights.ndim == 2:
        no, yes = weights.T
    else:
        no, yes = weights if y.shape[1] == 1 else (1, weights)
    a, b = yes * t, no * (1 - t)
    if logits:
        total = a + b
        loss: Array = total * (np.maximum(y, 0) + np.log1p(np.exp(-np.abs(y)))) - a * y
        if dy is not None:
            sigmoid(y, dy)
            dy *= total
            dy -= a
        return loss
    p, q = np.maximum(y, SMALLEST), np.maximum(1 - y, SMALLEST)
    loss = -(a * np.log(p) + b * np.log(q))
    if dy is not None:
        np.divide(b, q, out=dy)
        dy -= a / p
    return loss


@frozen_dataclass
class BinaryCrossEntropyOfInputs(BinaryCrossEntropy):
    """The same loss where the targets are the network's inputs: shares, not answers, so that there is no accuracy."""

    outputs: ClassVar[type[YesOrNo]] = Shares

    @property
    def type(self) -> str:
        """The `type` in the document, which says elsewhere that the targets are the inputs."""
        return BinaryCrossEntropy.__name__
