"""RandomTranslate: random shifts by whole pixels."""

from typing import ClassVar

import numpy as np

from graphnn.augmentation.base import AUGMENTATIONS, Augmentation, DrawKey, TrainingImages
from graphnn.augmentation.pixels import BLANK, reflected
from graphnn.augmentation.transforms import Remap
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.types import Array, Shape, shape_text


@AUGMENTATIONS.register
@frozen_dataclass
class RandomTranslate(Augmentation):
    """Shift images by whole pixels: down and to the right, each uniform in −pixels…pixels.

    padding: the values from outside the image: "reflect" reflects it at its edge, which is not repeated; "zeros" are
    zeros before normalisation.
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

    def draw(self, key: DrawKey, images: TrainingImages) -> Remap:
        shifts = key.generator().integers(-self.pixels, self.pixels, (images.count, 2), np.int32, endpoint=True)
        return Remap(self._shifted(images.height, shifts[:, :1]), self._shifted(images.width, shifts[:, 1:]))

    def _shifted(self, size: int, shifts: Array) -> Array:
        """Return the source row (or column) of each of the `size` rows after the shifts: N×size. shifts: N×1."""
        wanted = np.arange(size, dtype=np.int32) - shifts
        inside = reflected(wanted, size)
        return inside if self.padding == "reflect" else np.where(wanted == inside, inside, np.int32(BLANK))
