"""Flatten: an image becomes a vector."""

import math
from functools import partial

import numpy as np

from graphnn.layers.base import Arrays, Backward, Gradients, Layer, Step, register
from graphnn.layers.context import Context
from graphnn.types import Array, Shape


@register
class Flatten(Layer):
    """Reshapes each sample into a vector: x N×C×H×W, y N×(C·H·W), in the order channel, row, column.

    dx is dy in the shape of x. Both directions copy, because images are in channels-last memory.
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

    def bind(self, params: Arrays, x: Array, ctx: Context) -> Step:
        y = ctx.output((len(x), math.prod(x.shape[1:])), x.dtype)
        return self.bound(params, x, ctx, y, partial(np.copyto, y.reshape(x.shape), x))
