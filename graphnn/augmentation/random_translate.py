"""RandomTranslate."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from graphnn.augmentation.base import AUGMENTATIONS, Augmentation, DrawKey, TrainingImages
from graphnn.augmentation.pixels import BLANK, reflected
from graphnn.augmentation.steps import Moved
from graphnn.types import Array, Shape, shape_text


@AUGMENTATIONS.register
@dataclass(frozen=True)
class RandomTranslate(Augmentation):
    """Shift images by whole pixels, down and right each by a number that is uniform in −pixels…pixels.

    padding: what comes in from outside: "reflect" mirrors the image at its edge, which is not repeated; "zeros" has
    zeros, as stored.
    """

    size_field: ClassVar[str] = "pixels"

    pixels: int = 2
    padding: str = "reflect"

    def unfit(self, shape: Shape) -> str | None:
        least = min(shape[1:])
        if self.pixels < least:
            return None
        advice = f"write pixels of at most {least - 1}" if least > 1 else "leave RandomTranslate out"
        return f"images of {shape_text(shape)} are too small to be shifted by {self.pixels} pixels; {advice}"

    def step(self, key: DrawKey, images: TrainingImages) -> Moved:
        shifts = key.generator().integers(-self.pixels, self.pixels, (images.count, 2), np.int32, endpoint=True)
        return Moved(self._shifted(images.height, shifts[:, :1]), self._shifted(images.width, shifts[:, 1:]))

    def _shifted(self, size: int, shifts: Array) -> Array:
        """Return the rows (or columns), of `size` each, that N images show after shifts, N×1."""
        wanted = np.arange(size, dtype=np.int32) - shifts
        inside = reflected(wanted, size)
        return inside if self.padding == "reflect" else np.where(wanted == inside, inside, np.int32(BLANK))
