"""Scale: the input times a constant."""

import numpy as np

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.layers.base import register
from graphnn.layers.context import Context
from graphnn.layers.elementwise import Elementwise
from graphnn.types import Array


@register
@frozen_dataclass
class Scale(Elementwise):
    """Multiplication by a constant that is not trained: y = factor·x, element by element; any shape. dx = factor·dy."""

    factor: float

    def value(self, x: Array, y: Array, ctx: Context) -> None:
        np.multiply(x, self.factor, out=y)

    def pass_back(self, dy: Array, x: Array, y: Array, ctx: Context) -> None:
        dy *= self.factor
