"""constant: one value for all."""

from __future__ import annotations  # naming numpy.random would import it, which takes 8 ms

from typing import TYPE_CHECKING

import numpy as np

from graphnn.types import Array, Shape

if TYPE_CHECKING:
    from numpy.random import Generator


def zeros(shape: Shape, rng: Generator) -> Array:
    """Return zeros."""
    return np.zeros(shape)


def ones(shape: Shape, rng: Generator) -> Array:
    """Return ones."""
    return np.ones(shape)
