"""Dense: every output is a weighted sum of every input."""

from dataclasses import dataclass

import numpy as np

from graphnn.initializers import he_normal, zeros
from graphnn.layers.base import Arrays, Backward, Gradients, Layer, Parameter, register
from graphnn.layers.context import Context
from graphnn.types import Array, Shape

# Inputs × units: 128×784 by 784×256 took 390 µs forward, and 439 µs with units × inputs; the gradients took the same.
MEMORY_ORDER = (1, 0)


@register
@dataclass(frozen=True)
class Dense(Layer):
    """Fully connected layer: y = x Wᵀ + b.

    x: N×C; W (`weights`): units×C, from N(0, 2/C); b (`biases`): units, from 0; y: N×units.
    dx = dy W, dW = dyᵀ x, db = Σ dy over the batch. Raises UnfitInput unless the input is a vector.
    """

    units: int
    use_bias: bool = True

    def output_shape(self, input_shape: Shape) -> Shape:
        self.check_vector(input_shape)
        return (self.units,)

    def parameters(self, input_shape: Shape) -> tuple[Parameter, ...]:
        inputs = self.check_vector(input_shape)
        weights = Parameter("weights", (self.units, inputs), he_normal(inputs), memory_order=MEMORY_ORDER)
        return (weights, Parameter("biases", (self.units,), zeros)) if self.use_bias else (weights,)

    def multiply_adds(self, input_shape: Shape) -> int:
        return self.units * input_shape[0]

    def forward(self, params: Arrays, x: Array, ctx: Context) -> tuple[Array, Backward]:
        W = params["weights"]
        y = np.matmul(x, W.T, out=ctx.output((len(x), self.units), x.dtype))
        if "biases" in params:
            y += params["biases"]

        def backward(dy: Array) -> tuple[Array | None, Gradients]:
            dW = ctx.gradient("weights", W)
            np.matmul(x.T, dy, out=dW.T)
            gradients = {"weights": dW}
            if self.use_bias:
                gradients["biases"] = np.add.reduce(dy, axis=0, out=ctx.gradient("biases", params["biases"]))
            dx = np.matmul(dy, W, out=ctx.dx(x.shape, x.dtype)) if ctx.needs_dx else None
            return dx, gradients

        return y, backward
