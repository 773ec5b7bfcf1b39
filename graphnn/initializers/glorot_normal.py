"""glorot_normal: a normal distribution with a variance for both the forward and the backward pass."""

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
class GlorotNormal(Drawn):
    """N(0, 2/(fan_in + fan_out)), also called Xavier normal.

    Source: Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks",
    section 4.2.1.
    """

    type = "glorot_normal"

    def __call__(self, shape: Shape, rng: Generator) -> Array:
        return rng.normal(0.0, math.sqrt(2 / sum(fans(shape))), shape)
