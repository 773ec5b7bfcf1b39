"""Tanh: the hyperbolic tangent."""

import numpy as np

from graphnn.layers.base import register
from graphnn.layers.context import Context
from graphnn.layers.elementwise import Elementwise
from graphnn.types import Array


@register
class Tanh(Elementwise):
    """Hyperbolic tangent: y = tanh x, element by element; any shape.

    dx = dy·(1 − y²).
    """

    def value(self, x: Array, y: Array, ctx: Context) -> None:
        np.tanh(x, out=y)

    def pass_back(self, dy: Array, x: Array, y: Array, ctx: Context) -> None:
        slope = np.multiply(y, y, out=ctx.like(y, "slope"))
        dy *= np.subtract(1, slope, out=slope)
