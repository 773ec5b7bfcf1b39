"""What augmentations do to images: the changes that are drawn for all images of an epoch, applied to some of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from graphnn.augmentation.pixels import BLANK, resampled, shown
from graphnn.types import Array


class Step(ABC):
    """One change to images, drawn for all N images of an epoch."""

    @abstractmethod
    def apply(self, pixels: Array, chosen: Array) -> Array:
        """Return n images, changed, as n×H×W×C in one piece of memory.

        pixels: the images, n×H×W×C in one piece of memory, which may be overwritten. chosen: the numbers of these
        images among the N, n.
        """

    def followed_by(self, step: Step) -> Step | None:
        """Return one step that does what this one and then another do; None where there is none."""
        return None


@dataclass(frozen=True)
class Moved(Step):
    """Pixel (r, c) of image i shows what stood at (rows[i, r], columns[i, c]), or 0 where either is BLANK.

    rows: N×H, columns: N×W, int32.
    """

    rows: Array
    columns: Array

    def apply(self, pixels: Array, chosen: Array) -> Array:
        return shown(pixels, self.rows[chosen], self.columns[chosen])

    def followed_by(self, step: Step) -> Step | None:
        """Return both as one move: several moves in turn then cost one copy of the images."""
        if not isinstance(step, Moved):
            return None
        return Moved(looked_up(self.rows, step.rows), looked_up(self.columns, step.columns))


def looked_up(lines: Array, places: Array) -> Array:
    """Return lines[i, places[i, j]] for each image i; BLANK where the place is BLANK.

    lines, places: N×L.
    """
    found = np.take_along_axis(lines, np.minimum(places, lines.shape[1] - 1), axis=1)
    return np.where(places == BLANK, np.int32(BLANK), found)


@dataclass(frozen=True)
class Covered(Step):
    """The mean is put where a covered row and a covered column cross.

    rows: N×H, columns: N×W, bool. mean: H×W×C, as the images are stored.
    """

    rows: Array
    columns: Array
    mean: Array

    def apply(self, pixels: Array, chosen: Array) -> Array:
        """Cover them in place; the numbers of the covered pixels take less time than a mask of all values."""
        rows, columns, channels = self.rows[chosen], self.columns[chosen], pixels.shape[-1]
        where, mean = np.flatnonzero(rows[:, :, None] & columns[:, None, :]), self.mean.reshape(-1, channels)
        pixels.reshape(-1, channels)[where] = mean[where % len(mean)]
        return pixels


@dataclass(frozen=True)
class Warped(Step):
    """The pixel at (row, column) from the centre of image i shows the point at sources[i]·(row, column).

    sources: N×2×2, float32. padding: what comes in from outside, "reflect" or "zeros".
    """

    sources: Array
    padding: str

    def apply(self, pixels: Array, chosen: Array) -> Array:
        return resampled(pixels, self.sources[chosen], self.padding)
