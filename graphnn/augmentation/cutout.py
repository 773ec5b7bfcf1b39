"""Cutout: a random square is covered."""

from typing import ClassVar

import numpy as np

from graphnn.augmentation.base import AUGMENTATIONS, Augmentation, DrawKey, TrainingImages
from graphnn.augmentation.transforms import Erase
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.types import Array, Shape, shape_text


@AUGMENTATIONS.register
@frozen_dataclass
class Cutout(Augmentation):
    """Cover a square of size×size pixels, whose centre is uniform over the image, with the mean of the training images.

    Squares may extend beyond the border. Once normalised, the mean is about 0.
    Source: DeVries and Taylor 2017, "Improved regularization of convolutional neural networks with cutout", section 3.
    """

    size_field: ClassVar[str] = "size"
    hides: ClassVar[bool] = True

    size: int = 8

    def unfit(self, shape: Shape) -> str | None:
        least = min(shape[1:])
        if self.size <= least:
            return None
        return f"a square of {self.size} pixels is larger than the images, {shape_text(shape)}; write at most {least}"

    def draw(self, key: DrawKey, images: TrainingImages) -> Erase:
        height, width = images.height, images.width
        first = key.generator().integers(0, (height, width), (images.count, 2)) - self.size // 2
        return Erase(self._within(height, first[:, :1]), self._within(width, first[:, 1:]), images.mean)

    def _within(self, length: int, first: Array) -> Array:
        """Return whether each index in 0…length − 1 is within the squares, N×length. first: where they begin, N×1."""
        indices = np.arange(length)
        return np.asarray((first <= indices) & (indices < first + self.size))
