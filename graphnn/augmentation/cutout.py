"""Cutout."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from graphnn.augmentation.base import AUGMENTATIONS, Augmentation, DrawKey, TrainingImages
from graphnn.augmentation.steps import Covered
from graphnn.types import Array, Shape, shape_text


@AUGMENTATIONS.register
@dataclass(frozen=True)
class Cutout(Augmentation):
    """Cover a square of size×size pixels; its centre is drawn uniformly, and what hangs over the border is cut off.

    The mean of the training images, which covers it, is about 0 once normalised (DeVries and Taylor 2017, section 3).
    """

    size_field: ClassVar[str] = "size"

    size: int = 8

    def unfit(self, shape: Shape) -> str | None:
        least = min(shape[1:])
        if self.size <= least:
            return None
        return f"a square of {self.size} pixels is larger than the images, {shape_text(shape)}; write at most {least}"

    def step(self, key: DrawKey, images: TrainingImages) -> Covered:
        height, width = images.height, images.width
        first = key.generator().integers(0, (height, width), (images.count, 2)) - self.size // 2
        return Covered(self._within(height, first[:, :1]), self._within(width, first[:, 1:]), images.mean)

    def _within(self, length: int, first: Array) -> Array:
        """Return which of 0…length − 1 the squares lie on that begin at `first`, N×1."""
        lines = np.arange(length)
        return np.asarray((first <= lines) & (lines < first + self.size))
