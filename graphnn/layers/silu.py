"""SiLU: the input weighted by its own sigmoid."""

from dataclasses import dataclass

import numpy as np

from graphnn.kernels.sigmoid import sigmoid
from graphnn.layers.base import Arrays, Backward, Gradients, Layer, register
from graphnn.layers.context import Context
from graphnn.types import Array


@register
@dataclass(frozen=True)
class SiLU(Layer):
    """Sigmoid-weighted linear unit, also called swish: y = x·s with s = 1 / (1 + e⁻ˣ), element by element; any shape.

    dx = dy·(s + y·(1 − s)).
    Source: Elfwing et al. 2018, "Sigmoid-weighted linear units for neural network function approximation in
    reinforcement learning", section 2.
    """

    backward_in_place = True

    def forward(self, params: Arrays, x: Array, ctx: Context) -> tuple[Array, Backward]:
        s = sigmoid(x, ctx.keep("sigmoid", x.shape, x.dtype))
        y = np.multiply(x, s, out=ctx.output(x.shape, x.dtype))

        def backward(dy: Array) -> tuple[Array | None, Gradients]:
            if not ctx.needs_dx:
                return None, {}
            slope = np.subtract(1, s, out=ctx.like(x, "slope"))
            slope *= y
            slope += s
            dy *= slope
            return dy, {}

        return y, backward
