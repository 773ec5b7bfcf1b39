"""Flatten: an image becomes a vector."""

import math

from graphnn.layers.base import Arrays, Backward, Gradients, Layer, register
from graphnn.layers.context import Context
from graphnn.types import Array, Shape


@register
class Flatten(Layer):
    """All numbers of a sample in one row: x N×C×H×W, y N×(C·H·W), channel by channel, row by row.

    dx is dy in the shape of x. The images' memory being channels last, both ways are a copy.
    """

    def output_shape(self, input_shape: Shape) -> Shape:
        return (math.prod(input_shape),)

    def forward(self, params: Arrays, x: Array, ctx: Context) -> tuple[Array, Backward]:
        y = ctx.output((len(x), math.prod(x.shape[1:])), x.dtype)
        y.reshape(x.shape)[...] = x

        def backward(dy: Array) -> tuple[Array | None, Gradients]:
            if not ctx.needs_dx:
                return None, {}
            dx = ctx.dx(x.shape, x.dtype)
            dx[...] = dy.reshape(x.shape)
            return dx, {}

        return y, backward
