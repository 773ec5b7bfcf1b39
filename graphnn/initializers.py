"""The values that parameters have before the first step."""

from __future__ import annotations  # naming numpy.random would import it, which takes 8 ms

import math
from collections.abc import Callable

import numpy as np

from graphnn.types import Array, Shape

Initializer = Callable[[Shape, "np.random.Generator"], Array]


def zeros(shape: Shape, rng: np.random.Generator) -> Array:
    """Return zeros."""
    return np.zeros(shape)


def ones(shape: Shape, rng: np.random.Generator) -> Array:
    """Return ones."""
    return np.ones(shape)


def he_normal(fan_in: int) -> Initializer:
    """Return an initializer that draws from N(0, 2/fan_in), standard deviation √(2/fan_in).

    Source: He et al. 2015, "Delving deep into rectifiers", section 2.2.
    """
    deviation = math.sqrt(2 / fan_in)

    def draw(shape: Shape, rng: np.random.Generator) -> Array:
        return rng.normal(0.0, deviation, shape)

    return draw
