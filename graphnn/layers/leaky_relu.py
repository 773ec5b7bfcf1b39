"""LeakyReLU: the identity for x ≥ 0, and a small slope below."""

import numpy as np

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.layers.base import register
from graphnn.layers.context import Context
from graphnn.layers.elementwise import Elementwise, multiply_where_negative
from graphnn.types import Array


@register
@frozen_dataclass
class LeakyReLU(Elementwise):
    """Leaky rectified linear unit: y = x where x ≥ 0 and negative_slope·x elsewhere, element by element; any shape.

    dx = dy where x ≥ 0 and negative_slope·dy elsewhere.
    Source: Maas et al. 2013, "Rectifier nonlinearities improve neural network acoustic models", section 2.
    """

    negative_slope: float = 0.01

    keeps_positive = True
    reads_output = False
    repeatable = True

    def value(self, x: Array, y: Array, ctx: Context) -> None:
        np.multiply(x, self.negative_slope, out=y)
        outer = np.maximum if self.negative_slope <= 1 else np.minimum
        outer(x, y, out=y)

    def pass_back(self, dy: Array, x: Array, y: Array, ctx: Context) -> None:
        multiply_where_negative(dy, x, self.negative_slope, ctx)
