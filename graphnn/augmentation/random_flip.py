"""RandomFlip."""

from dataclasses import dataclass

import numpy as np

from graphnn.augmentation.base import Move, Place
from graphnn.types import Array, Shape


@dataclass(frozen=True)
class RandomFlip(Move):
    """Mirror images left to right.

    mode: "random" draws anew in every epoch whether an image is mirrored; "alternating" draws h = 0 or 1 once for each
    image, and mirrors it in epoch e where h + e is odd, so that two epochs in turn show both sides of every image
    (Jordan 2024, arXiv 2404.00498, section 3.6).
    """

    mode: str = "random"

    def draw(self, place: Place, count: int, shape: Shape) -> Array:
        """Return whether each image is mirrored: bool, N."""
        alternating = self.mode == "alternating"
        side = (place.lasting() if alternating else place.generator()).integers(0, 2, count, np.uint8)
        return np.asarray((side + place.epoch * alternating) % 2 == 1)

    def move(self, drawn: Array, rows: Array, columns: Array) -> tuple[Array, Array]:
        return rows, np.where(drawn[:, None], columns[:, ::-1], columns)
