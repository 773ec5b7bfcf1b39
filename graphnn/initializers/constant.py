"""constant: the same value for all."""

from __future__ import annotations  # naming numpy.random would import it, which takes 8 ms

from typing import TYPE_CHECKING

import numpy as np

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.initializers.base import INITIALIZERS, Drawn
from graphnn.types import Array, Shape

if TYPE_CHECKING:
    from numpy.random import Generator


@INITIALIZERS.register
@frozen_dataclass
class ConstantInitializer(Drawn):
    """One value, whatever the shape; nothing is drawn."""

    type = "constant"

    value: float = 0.0

    def __call__(self, shape: Shape, rng: Generator) -> Array:
        return np.full(shape, self.value, np.float64)


zeros, ones = ConstantInitializer(0.0), ConstantInitializer(1.0)
