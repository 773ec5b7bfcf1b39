"""RandomFlip."""

from dataclasses import dataclass

import numpy as np

from graphnn.augmentation.base import AUGMENTATIONS, Augmentation, DrawKey, TrainingImages
from graphnn.augmentation.steps import Moved


@AUGMENTATIONS.register
@dataclass(frozen=True)
class RandomFlip(Augmentation):
    """Mirror images left to right.

    mode: "random" draws anew in every epoch whether an image is mirrored; "alternating" draws h = 0 or 1 once for each
    image, and mirrors it in epoch e where h + e is odd, so that two epochs in turn show both sides of every image
    (Jordan 2024, arXiv 2404.00498, section 3.6).
    """

    mode: str = "random"

    def step(self, key: DrawKey, images: TrainingImages) -> Moved:
        alternating = self.mode == "alternating"
        drawn = (key.lasting() if alternating else key.generator()).integers(0, 2, (images.count, 1), np.uint8)
        mirrored = drawn != (key.epoch % 2 if alternating else 0)
        rows, columns = (np.arange(size, dtype=np.int32) for size in (images.height, images.width))
        return Moved(np.broadcast_to(rows, (images.count, len(rows))), np.where(mirrored, columns[::-1], columns))
