"""Transforms: what augmentations draw for all images of an epoch, and apply to the images of a piece."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from graphnn.augmentation.pixels import BLANK, remapped, resampled
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.types import Array


class Transform(ABC):
    """A change to images, drawn for all N images of an epoch."""

    @abstractmethod
    def apply(self, pixels: Array, chosen: Array) -> Array:
        """Return the transformed images, n×H×W×C, contiguous.

        pixels: the images, n×H×W×C, contiguous; they may be overwritten. chosen: their indices among the N, (n,).
        """

    def followed_by(self, other: Transform) -> Transform | None:
        """Return one transform with the effect of this one, then another; None where there is none."""
        return None


@frozen_dataclass
class Remap(Transform):
    """Pixel (r, c) of image i takes the value of its pixel (rows[i, r], columns[i, c]), or 0 where either is BLANK.

    rows: N×H, columns: N×W, int32.
    """

    rows: Array
    columns: Array

    def apply(self, pixels: Array, chosen: Array) -> Array:
        return remapped(pixels, self.rows[chosen], self.columns[chosen])

    def followed_by(self, other: Transform) -> Transform | None:
        """Return the composition of two remaps: several in a row then take a single copy of the images."""
        if not isinstance(other, Remap):
            return None
        return Remap(composed(self.rows, other.rows), composed(self.columns, other.columns))


def composed(first: Array, second: Array) -> Array:
    """Return first[i, second[i, j]] for each image i, or BLANK where second[i, j] is BLANK.

    first, second: row or column indices, N×L.
    """
    found = np.take_along_axis(first, np.minimum(second, first.shape[1] - 1), axis=1)
    return np.where(second == BLANK, np.int32(BLANK), found)


@frozen_dataclass
class Erase(Transform):
    """Pixels in both a covered row and a covered column take the values of the mean image.

    rows: N×H, columns: N×W, bool. mean: H×W×C, as the images are stored.
    """

    rows: Array
    columns: Array
    mean: Array

    def apply(self, pixels: Array, chosen: Array) -> Array:
        """Cover the pixels in place, by their indices: that takes less time than a mask of all values."""
        rows, columns, channels = self.rows[chosen], self.columns[chosen], pixels.shape[-1]
        covered, mean = np.flatnonzero(rows[:, :, None] & columns[:, None, :]), self.mean.reshape(-1, channels)
        pixels.reshape(-1, channels)[covered] = mean[covered % len(mean)]
        return pixels


@frozen_dataclass
class AffineWarp(Transform):
    """The pixel at (r, c) from the centre of image i takes the image's value at sources[i]·(r, c) from the centre.

    sources: N×2×2, float32. padding: the values from outside the image, "reflect" or "zeros".
    """

    sources: Array
    padding: str

    def apply(self, pixels: Array, chosen: Array) -> Array:
        return resampled(pixels, self.sources[chosen], self.padding)
