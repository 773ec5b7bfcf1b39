"""ELU: the identity for x ≥ 0, and an exponential that saturates at −alpha below."""

import numpy as np

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.layers.base import register
from graphnn.layers.context import Context
from graphnn.layers.elementwise import Elementwise, multiply_where_negative
from graphnn.types import Array


@register
@frozen_dataclass
class ELU(Elementwise):
    """Exponential linear unit: y = x where x ≥ 0 and alpha·(eˣ − 1) elsewhere, element by element; any shape.

    dx = dy where x ≥ 0 and alpha·eˣ·dy elsewhere.
    Source: Clevert et al. 2016, "Fast and accurate deep network learning by exponential linear units", section 3.
    """

    alpha: float = 1.0

    keeps_positive = True

    def value(self, x: Array, y: Array, ctx: Context) -> None:
        np.minimum(x, 0, out=y)
        np.expm1(y, out=y)
        y *= self.alpha
        y += np.maximum(x, 0, out=ctx.like(x, "positive"))

    def pass_back(self, dy: Array, x: Array, y: Array, ctx: Context) -> None:
        slope = np.minimum(x, 0, out=ctx.like(x, "slope"))
        np.exp(slope, out=slope)
        slope *= self.alpha
        multiply_where_negative(dy, x, slope, ctx)
