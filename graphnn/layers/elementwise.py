"""The base class of layers that apply one function to each element."""

from abc import abstractmethod

import numpy as np

from graphnn.layers.base import Arrays, Backward, Gradients, Layer
from graphnn.layers.context import Context
from graphnn.types import Array


class Elementwise(Layer):
    """A layer without parameters that computes y = f(x) element by element; any shape. dx = dy·f′(x)."""

    backward_in_place = True

    @abstractmethod
    def value(self, x: Array, y: Array, ctx: Context) -> None:
        """Write f(x) into y."""

    @abstractmethod
    def pass_back(self, dy: Array, x: Array, y: Array, ctx: Context) -> None:
        """Multiply dy by f′(x) in place; y must not be changed."""

    def forward(self, params: Arrays, x: Array, ctx: Context) -> tuple[Array, Backward]:
        y = ctx.output(x.shape, x.dtype)
        self.value(x, y, ctx)

        def backward(dy: Array) -> tuple[Array | None, Gradients]:
            if not ctx.needs_dx:
                return None, {}
            self.pass_back(dy, x, y, ctx)
            return dy, {}

        return y, backward


def multiply_where_negative(dy: Array, x: Array, factor: Array | float, ctx: Context) -> None:
    """Multiply dy in place by the factor where x < 0, and leave it exactly as it is elsewhere.

    It multiplies by a mask, because numpy's `where=` is not vectorised: on 1 MiB, np.copyto with `where` took 1280 µs,
    a product with a mask 50 µs.
    """
    part = np.multiply(dy, np.less(x, 0, out=ctx.like(x, "negative", np.bool_)), out=ctx.like(x, "part"))
    dy -= part
    part *= factor
    dy += part
