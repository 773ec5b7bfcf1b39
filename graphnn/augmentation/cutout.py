"""Cutout."""

from dataclasses import dataclass

import numpy as np

from graphnn.augmentation.base import Fill, Place
from graphnn.types import Array, Shape, shape_text


@dataclass(frozen=True)
class Cutout(Fill):
    """Cover a square of size×size pixels; its centre is drawn uniformly, and what hangs over the border is cut off.

    The mean of the training images, which covers it, is about 0 once normalised (DeVries and Taylor 2017, section 3).
    """

    size: int = 8

    def unfit(self, shape: Shape) -> str | None:
        least = min(shape[1:])
        if self.size <= least:
            return None
        return f"a square of {self.size} pixels is larger than the images, {shape_text(shape)}; write at most {least}"

    def draw(self, place: Place, count: int, shape: Shape) -> Array:
        """Return the centres, row and column: N×2."""
        return place.generator().integers(0, shape[1:], (count, 2))

    def covered(self, drawn: Array, shape: Shape) -> Array:
        first = drawn - self.size // 2
        rows, columns = (
            (first[:, [axis]] <= np.arange(size)) & (np.arange(size) < first[:, [axis]] + self.size)
            for axis, size in enumerate(shape[1:])
        )
        return np.asarray(rows[:, :, None] & columns[:, None, :])
