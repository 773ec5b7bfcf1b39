"""glorot_uniform: uniform, as wide as both passes allow."""

from __future__ import annotations  # naming numpy.random would import it, which takes 8 ms

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphnn.types import Array, Shape

if TYPE_CHECKING:
    from numpy.random import Generator
from graphnn.initializers.base import INITIALIZERS, Drawn, fans, uniform


@INITIALIZERS.register
@dataclass(frozen=True)
class GlorotUniform(Drawn):
    """U(±√(6/(fan_in + fan_out))), whose variance is that of `GlorotNormal`. Source: as there, equation 16."""

    type = "glorot_uniform"

    def __call__(self, shape: Shape, rng: Generator) -> Array:
        return uniform(math.sqrt(6 / sum(fans(shape))), shape, rng)
