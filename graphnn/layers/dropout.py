"""Dropout: random values are set to zero in training."""

from functools import partial

import numpy as np

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.kernels.channels import pixels
from graphnn.layers.base import Arrays, Backward, Gradients, Layer, Step, register
from graphnn.layers.context import Context
from graphnn.types import Array


@register
@frozen_dataclass
class Dropout(Layer):
    """Dropout: y = x·m in training, where each m is 0 with probability `rate`, else 1; y = (1 − rate)·x in inference.

    Any shape; dx = dy·m in training, (1 − rate)·dy in inference. This is not the inverted dropout of other libraries,
    which divides by 1 − rate in training instead.
    Source: Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting", section 4.
    """

    rate: float

    backward_in_place = True

    def forward(self, params: Arrays, x: Array, ctx: Context) -> tuple[Array, Backward]:
        factor: Array | float = self.mask(x, ctx) if ctx.training else 1 - self.rate
        y = np.multiply(x, factor, out=ctx.output(x.shape, x.dtype))

        def backward(dy: Array) -> tuple[Array | None, Gradients]:
            if not ctx.needs_dx:
                return None, {}
            dy *= factor
            return dy, {}

        return y, backward

    def bind(self, params: Arrays, x: Array, ctx: Context) -> Step:
        y = ctx.output(x.shape, x.dtype)
        return self.bound(params, x, ctx, y, partial(np.multiply, x, np.asarray(1 - self.rate, x.dtype), y))

    def mask(self, x: Array, ctx: Context) -> Array:
        """Return the mask of the values that are kept; drawn in memory order, and the same for every dtype."""
        draws = ctx.like(x, "draws", np.float32)
        ctx.rng.random(out=pixels(draws), dtype=np.float32)
        return np.greater_equal(draws, self.rate, out=ctx.keep("mask", x.shape, np.bool_))
