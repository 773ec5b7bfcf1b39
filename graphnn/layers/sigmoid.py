"""Sigmoid: the logistic function."""

import numpy as np

from graphnn.kernels.sigmoid import sigmoid
from graphnn.layers.base import register
from graphnn.layers.context import Context
from graphnn.layers.elementwise import Elementwise
from graphnn.types import Array


@register
class Sigmoid(Elementwise):
    """Logistic function: y = 1 / (1 + e⁻ˣ), element by element; any shape.

    dx = dy·y·(1 − y).
    """

    never_negative = True

    def value(self, x: Array, y: Array, ctx: Context) -> None:
        sigmoid(x, y)

    def pass_back(self, dy: Array, x: Array, y: Array, ctx: Context) -> None:
        dy *= y
        dy *= np.subtract(1, y, out=ctx.like(y, "rest"))
