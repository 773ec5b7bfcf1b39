"""ReLU: the positive part."""

import numpy as np

from graphnn.kernels.activations import Activation
from graphnn.layers.base import register
from graphnn.layers.context import Context
from graphnn.layers.elementwise import Elementwise
from graphnn.types import Array


@register
class ReLU(Elementwise):
    """Rectified linear unit: y = max(x, 0), element by element; any shape.

    dx = dy where x ≥ 0 (the slope at zero is 1) and 0 elsewhere.
    """

    keeps_positive = True
    reads_output = False
    repeatable = True
    never_negative = True

    @property
    def as_activation(self) -> Activation:
        return "relu"

    def value(self, x: Array, y: Array, ctx: Context) -> None:
        np.maximum(x, 0, out=y)

    def pass_back(self, dy: Array, x: Array, y: Array, ctx: Context) -> None:
        # On 1 MiB a product with a mask of bytes took 105 µs, masking the bits as integers 137 µs, np.putmask 1500 µs.
        dy *= np.greater_equal(x, 0, out=ctx.like(x, "passes", np.bool_))
