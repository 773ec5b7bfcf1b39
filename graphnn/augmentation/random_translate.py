"""RandomTranslate."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from graphnn.augmentation.base import AUGMENTATIONS, Lines, Move, Place
from graphnn.augmentation.pixels import BLANK, reflected
from graphnn.types import Array, Shape, shape_text


@AUGMENTATIONS.register
@dataclass(frozen=True)
class RandomTranslate(Move):
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

    def moved(self, place: Place, lines: Lines) -> Lines:
        rows, columns = lines
        shifts = place.generator().integers(-self.pixels, self.pixels, (len(rows), 2), np.int32, endpoint=True)
        return self._shifted(rows, shifts[:, :1]), self._shifted(columns, shifts[:, 1:])

    def _shifted(self, lines: Array, shifts: Array) -> Array:
        """Return the rows (or columns) of N images that are shown after the shifts, N×1."""
        size = lines.shape[1]
        wanted = np.arange(size, dtype=np.int32) - shifts
        inside = reflected(wanted, size)
        found = lines[np.arange(len(lines))[:, None], inside]
        return found if self.padding == "reflect" else np.where(wanted == inside, found, np.int32(BLANK))
