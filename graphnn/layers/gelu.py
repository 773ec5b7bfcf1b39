"""GELU: the input weighted by the normal distribution's probability of lying below it."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from graphnn.kernels.activations import PassBack
from graphnn.kernels.erf import erf
from graphnn.layers.base import Arrays, Backward, Gradients, Layer, register
from graphnn.layers.context import Context
from graphnn.types import Array


@register
@dataclass(frozen=True)
class GELU(Layer):
    """Gaussian error linear unit: y = x·Φ(x), element by element; any shape.

    approximate "none": Φ(x) = ½(1 + erf(x/√2)), dx = dy·(Φ + x·φ) with φ = e^(−x²/2)/√(2π).
    approximate "tanh": Φ(x) = ½(1 + tanh u) = sigmoid 2u with u = √(2/π)·(x + 0.044715x³),
    dx = dy·(Φ + 2xΦ(1 − Φ)·u′).
    Source: Hendrycks & Gimpel 2016, "Gaussian error linear units", section 2.
    """

    approximate: Literal["tanh", "none"] = "tanh"

    backward_in_place = True

    def forward(self, params: Arrays, x: Array, ctx: Context) -> tuple[Array, Backward]:
        y = ctx.output(x.shape, x.dtype)
        if self.approximate == "tanh":
            pass_back = ctx.kernels.activate("gelu", x, y, ctx.keep, ctx.like)
        else:
            pass_back = self.exactly(x, y, ctx)

        def backward(dy: Array) -> tuple[Array | None, Gradients]:
            if not ctx.needs_dx:
                return None, {}
            pass_back(dy)
            return dy, {}

        return y, backward

    def exactly(self, x: Array, y: Array, ctx: Context) -> PassBack:
        """Write y, and return what multiplies dy by the slope."""
        cumulated = ctx.keep("cumulated", x.shape, x.dtype)
        distribution(x, cumulated, (ctx.like(x, "square"), ctx.like(x, "sum")))
        np.multiply(x, cumulated, out=y)

        def pass_back(dy: Array) -> None:
            slope = ctx.like(x, "slope")
            density(x, slope)
            slope *= x
            slope += cumulated
            dy *= slope

        return pass_back


def distribution(x: Array, out: Array, work: tuple[Array, Array]) -> None:
    """Write Φ(x) into `out`."""
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
