"""glorot_uniform: a uniform distribution with the variance of glorot_normal."""

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
class GlorotUniform(Drawn):
    """U(−b, b) with b = √(6/(fan_in + fan_out)), also called Xavier uniform; its variance is that of `GlorotNormal`.

    Source: Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks",
    equation 16.
    """

    type = "glorot_uniform"

    def __call__(self, shape: Shape, rng: Generator) -> Array:
        return uniform(math.sqrt(6 / sum(fans(shape))), shape, rng)
