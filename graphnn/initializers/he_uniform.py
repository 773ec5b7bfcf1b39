"""he_uniform: a uniform distribution for layers before a ReLU, with the variance of he_normal."""

from __future__ import annotations  # naming numpy.random would import it, which takes 8 ms

import math
from typing import TYPE_CHECKING

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.initializers.base import INITIALIZERS, Drawn, fans, uniform
from graphnn.types import Array, Shape

if TYPE_CHECKING:
    from numpy.random import Generator


@INITIALIZERS.register
@frozen_dataclass
class HeUniform(Drawn):
    """U(−b, b) with b = √(6/fan_in), also called Kaiming uniform; its variance is that of `HeNormal`.

    Source: He et al. 2015, "Delving deep into rectifiers", section 2.2.
    """

    type = "he_uniform"

    def __call__(self, shape: Shape, rng: Generator) -> Array:
        return uniform(math.sqrt(6 / fans(shape)[0]), shape, rng)
