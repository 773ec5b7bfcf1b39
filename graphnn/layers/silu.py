"""SiLU: the input times its sigmoid."""

from graphnn.kernels.activations import Activation
from graphnn.layers.base import Arrays, Backward, Gradients, Layer, register
from graphnn.layers.context import Context
from graphnn.types import Array


@register
class SiLU(Layer):
    """Sigmoid-weighted linear unit, also called swish: y = x·s with s = 1 / (1 + e⁻ˣ), element by element; any shape.

    dx = dy·(s + y·(1 − s)).
    Source: Elfwing et al. 2018, "Sigmoid-weighted linear units for neural network function approximation in
    reinforcement learning", section 2.
    """

    backward_in_place = True

    @property
    def as_activation(self) -> Activation:
        return "silu"

    def forward(self, params: Arrays, x: Array, ctx: Context) -> tuple[Array, Backward]:
        y = ctx.output(x.shape, x.dtype)
        pass_back = ctx.kernels.activate("silu", x, y, ctx.keep, ctx.like)

        def backward(dy: Array) -> tuple[Array | None, Gradients]:
            if not ctx.needs_dx:
                return None, {}
            pass_back(dy)
            return dy, {}

        return y, backward
