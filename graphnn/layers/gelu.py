"""GELU: the input times Φ, the cumulative distribution function of the standard normal distribution."""

import math
from typing import Literal

import numpy as np

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.kernels.activations import Activation, PassBack
from graphnn.kernels.erf import erf
from graphnn.layers.base import Arrays, Backward, Gradients, Layer, register
from graphnn.layers.context import Context
from graphnn.types import Array


@register
@frozen_dataclass
class GELU(Layer):
    """Gaussian error linear unit: y = x·Φ(x), element by element; any shape.

    approximate "none": Φ(x) = ½(1 + erf(x/√2)), dx = dy·(Φ + x·φ) with φ = e^(−x²/2)/√(2π).
    approximate "tanh": Φ(x) = ½(1 + tanh u) = sigmoid 2u with u = √(2/π)·(x + 0.044715x³),
    dx = dy·(Φ + 2xΦ(1 − Φ)·u′).
    Source: Hendrycks & Gimpel 2016, "Gaussian error linear units", section 2.
    """

    approximate: Literal["tanh", "none"] = "tanh"

    backward_in_place = True

    @property
    def as_activation(self) -> Activation | None:
        return "gelu" if self.approximate == "tanh" else None

    def forward(self, params: Arrays, x: Array, ctx: Context) -> tuple[Array, Backward]:
        y = ctx.output(x.shape, x.dtype)
        if self.approximate == "tanh":
            pass_back = ctx.kernels.activate("gelu", x, y, ctx.keep, ctx.like)
        else:
            pass_back = self.exact(x, y, ctx)

        def backward(dy: Array) -> tuple[Array | None, Gradients]:
            if not ctx.needs_dx:
                return None, {}
            pass_back(dy)
            return dy, {}

        return y, backward

    def exact(self, x: Array, y: Array, ctx: Context) -> PassBack:
        """Write y by the formula with erf, and return a function that multiplies dy by the slope in place."""
        cumulative = ctx.keep("cumulative", x.shape, x.dtype)
        distribution(x, cumulative, (ctx.like(x, "square"), ctx.like(x, "sum")))
        np.multiply(x, cumulative, out=y)

        def pass_back(dy: Array) -> None:
            slope = ctx.like(x, "slope")
            density(x, slope)
            slope *= x
            slope += cumulative
            dy *= slope

        return pass_back


def distribution(x: Array, out: Array, work: tuple[Array, Array]) -> None:
    """Write Φ(x) into `out`; work: two arrays of x's shape and dtype, to be overwritten."""
    np.multiply(x, math.sqrt(0.5), out=out)
    erf(out, out, work)
    out *= 0.5
    out += 0.5


def density(x: Array, out: Array) -> None:
    """Write φ(x) = Φ′(x) into `out`."""
    np.multiply(x, x, out=out)
    out *= -0.5
    np.exp(out, out=out)
    out *= 1 / math.sqrt(2 * math.pi)
