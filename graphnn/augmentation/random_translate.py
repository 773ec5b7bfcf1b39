"""RandomTranslate."""

from dataclasses import dataclass

import numpy as np

from graphnn.augmentation.base import Move, Place
from graphnn.augmentation.pixels import BLANK, reflected
from graphnn.types import Array, Shape, shape_text


@dataclass(frozen=True)
class RandomTranslate(Move):
    """Shift images by whole pixels, down and right each by a number that is uniform in −pixels…pixels.

    padding: what comes in from outside: "reflect" mirrors the image at its edge, which is not repeated; "zeros" has
    zeros, as stored.
    """

    pixels: int = 2
    padding: str = "reflect"

    def unfit(self, shape: Shape) -> str | None:
        least = min(shape[1:])
        if self.pixels < least:
            return None
        advice = f"write pixels of at most {least - 1}" if least > 1 else "leave RandomTranslate out"
        return f"images of {shape_text(shape)} are too small to be shifted by {self.pixels} pixels; {advice}"

    def draw(self, place: Place, count: int, shape: Shape) -> Array:
        """Return the shifts: N×2."""
        return place.generator().integers(-self.pixels, self.pixels, (count, 2), endpoint=True)

    def move(self, drawn: Array, rows: Array, columns: Array) -> tuple[Array, Array]:
        return self._shifted(rows, drawn[:, :1]), self._shifted(columns, drawn[:, 1:])

    def _shifted(self, lines: Array, shift: Array) -> Array:
        """Return the rows (or columns) that are shown after a shift, n×1."""
        size = lines.shape[1]
        places = np.arange(size) - shift
        inside = reflected(places, size)
        moved = lines[np.arange(len(lines))[:, None], inside]
        return moved if self.padding == "reflect" else np.where(places == inside, moved, BLANK)
