"""he_normal: a normal distribution for layers before a ReLU."""

from __future__ import annotations  # naming numpy.random would import it, which takes 8 ms

import math
from typing import TYPE_CHECKING

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.initializers.base import INITIALIZERS, Drawn, fans
from graphnn.types import Array, Shape

if TYPE_CHECKING:
    from numpy.random import Generator


@INITIALIZERS.register
@frozen_dataclass
class HeNormal(Drawn):
    """N(0, 2/fan_in), also called Kaiming normal.

    Source: He et al. 2015, "Delving deep into rectifiers", section 2.2.
    """

    type = "he_normal"

    def __call__(self, shape: Shape, rng: Generator) -> Array:
        return rng.normal(0.0, math.sqrt(2 / fans(shape)[0]), shape)
