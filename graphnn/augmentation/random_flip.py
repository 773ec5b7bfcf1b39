"""RandomFlip."""

from dataclasses import dataclass

import numpy as np

from graphnn.augmentation.base import AUGMENTATIONS, Lines, Move, Place


@AUGMENTATIONS.register
@dataclass(frozen=True)
class RandomFlip(Move):
    """Mirror images left to right.

    mode: "random" draws anew in every epoch whether an image is mirrored; "alternating" draws h = 0 or 1 once for each
    image, and mirrors it in epoch e where h + e is odd, so that two epochs in turn show both sides of every image
    (Jordan 2024, arXiv 2404.00498, section 3.6).
    """

    mode: str = "random"

    def moved(self, place: Place, lines: Lines) -> Lines:
        rows, columns = lines
        alternating = self.mode == "alternating"
        drawn = (place.lasting() if alternating else place.generator()).integers(0, 2, (len(rows), 1), np.uint8)
        mirrored = drawn != (place.epoch % 2 if alternating else 0)
        return rows, np.where(mirrored, columns[:, ::-1], columns)
