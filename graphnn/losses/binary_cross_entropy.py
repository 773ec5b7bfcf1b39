"""BinaryCrossEntropy: the loss of independent yes-or-no outputs."""

from typing import ClassVar

import numpy as np

from graphnn.errors import DataError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.kernels.sigmoid import sigmoid
from graphnn.layers.sigmoid import Sigmoid
from graphnn.losses.base import LOSSES, SMALLEST, Loss, check_values
from graphnn.metrics.outputs import Shares, YesOrNo
from graphnn.metrics.sums import sums_of
from graphnn.types import Array, Shape


@LOSSES.register
@frozen_dataclass
class BinaryCrossEntropy(Loss):
    """Binary cross-entropy: L = −Σ (t ln p + (1 − t) ln(1 − p)) / K over K independent yes-or-no outputs.

    Targets t: N×K numbers in 0…1, or N where K is 1. From probabilities p, p and 1 − p are raised to
    `np.finfo(float).eps`, 2.220446049250313e-16, where they are smaller, and the gradient is
    ((1 − t)/(1 − p) − t/p)/(nK) with those; from logits z nothing is clipped: L = max(z, 0) − t z + ln(1 + e^−|z|), and
    the gradient is (sigmoid z − t)/(nK).
    """

    outputs: ClassVar[type[YesOrNo]] = YesOrNo
    fused_with = Sigmoid

    def piece(self, y_gt: Array, y: Array, n: int, *, logits: bool, dy: Array | None = None) -> Array:
        outputs, size = self.outputs(y_gt, y, logits=logits), y[0].size
        sums, t = sums_of(outputs), outputs.targets  # the sums before dy is written, which may be y's memory
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

    def of_inputs(self) -> Loss:
        return BinaryCrossEntropyOfInputs()


@frozen_dataclass
class BinaryCrossEntropyOfInputs(BinaryCrossEntropy):
    """The same loss where the targets are the network's inputs: shares, not answers, so that there is no accuracy."""

    outputs: ClassVar[type[YesOrNo]] = Shares

    @property
    def type(self) -> str:
        """The `type` in the document, which says elsewhere that the targets are the inputs."""
        return BinaryCrossEntropy.__name__
