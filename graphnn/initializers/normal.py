"""normal: a normal distribution with a given standard deviation."""

from __future__ import annotations  # naming numpy.random would import it, which takes 8 ms

from typing import TYPE_CHECKING

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.initializers.base import INITIALIZERS, Drawn
from graphnn.types import Array, Shape

if TYPE_CHECKING:
    from numpy.random import Generator


@INITIALIZERS.register
@frozen_dataclass
class Normal(Drawn):
    """N(0, deviation²), for any shape."""

    type = "normal"

    deviation: float = 0.05

    def __call__(self, shape: Shape, rng: Generator) -> Array:
        return rng.normal(0.0, self.deviation, shape)
