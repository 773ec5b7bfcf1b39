"""Softmax: probabilities from scores."""

from collections.abc import Iterator

import numpy as np

from graphnn.layers.base import Arrays, Backward, Gradients, Layer, Step, register
from graphnn.layers.context import Context
from graphnn.specification.schema_problems import Finding
from graphnn.types import Array, Shape


@register
class Softmax(Layer):
    """Softmax over the last axis: y = exp(x − max x) / Σ exp(x − max x), positive values that sum to 1; any shape.

    dx = y·(dy − Σ dy·y). The maximum is subtracted so that nothing overflows.
    """

    backward_in_place = True
    never_negative = True

    def findings(self, input_shape: Shape) -> Iterator[Finding]:
        yield from super().findings(input_shape)
        if input_shape[-1] == 1:
            remedy = "give it 2 values or more, or use Sigmoid, with BinaryCrossEntropy where it is the last layer"
            yield Finding((), f"the softmax of a single value is always 1; {remedy}")

    def forward(self, params: Arrays, x: Array, ctx: Context) -> tuple[Array, Backward]:
        y = np.subtract(x, x.max(axis=-1, keepdims=True), out=ctx.output(x.shape, x.dtype))
        np.exp(y, out=y)
        y /= y.sum(axis=-1, keepdims=True)

        def backward(dy: Array) -> tuple[Array | None, Gradients]:
            if not ctx.needs_dx:
                return None, {}
            dy -= np.einsum("...i,...i->...", dy, y)[..., None]
            dy *= y
            return dy, {}

        return y, backward

    def bind(self, params: Arrays, x: Array, ctx: Context) -> Step:
        y = ctx.output(x.shape, x.dtype)
        most, total = (np.empty((*x.shape[:-1], 1), x.dtype) for _ in range(2))

        def run() -> None:
            np.maximum.reduce(x, -1, out=most, keepdims=True)
            np.subtract(x, most, y)
            np.exp(y, y)
            np.add.reduce(y, -1, out=total, keepdims=True)
            np.divide(y, total, y)

        return self.bound(params, x, ctx, y, run)
