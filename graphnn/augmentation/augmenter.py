"""A list of augmentations at work on the images of one training part."""

from collections.abc import Iterator, Sequence

import numpy as np

from graphnn.augmentation.base import Augmentation, Cover, Lines, Move, Place
from graphnn.augmentation.pixels import shown
from graphnn.types import Array, Shape


class Augmenter:
    """Augments images in order, each as its place among `count` and the epoch say.

    mean: H×W×C, as stored, for what is covered. An epoch's draws are made for all images at once, so no cut into
    batches and pieces changes them; they are kept until another epoch is asked for. Threads may share an augmenter: two
    that find an epoch new both draw it, and draw the same.
    """

    def __init__(self, augmentations: Sequence[Augmentation], *, seed: int, count: int, mean: Array) -> None:
        self._augmentations, self._seed, self._count, self._mean = augmentations, seed, count, mean
        self._drawn: tuple[int, list[tuple[bool, Lines]]] = (-1, [])  # replaced whole: no thread sees half an epoch

    def apply(self, images: Array, places: Array, epoch: int) -> Array:
        """Return the images, n×C×H×W, that stand at these places, augmented, over channels-last memory.

        The images given may be overwritten. A flip and a shift of 3×32×32 take one core 9 µs an image in pieces of
        16, and the draws 1 µs more.
        """
        known, drawn = self._drawn
        if known != epoch:
            drawn = list(self._draw(epoch))
            self._drawn = (epoch, drawn)
        pixels = np.ascontiguousarray(images.transpose(0, 2, 3, 1))
        for moves, (rows, columns) in drawn:
            if moves:
                pixels = shown(pixels, rows[places], columns[places])
            else:
                self._cover(pixels, rows[places], columns[places])
        return pixels.transpose(0, 3, 1, 2)

    def _draw(self, epoch: int) -> Iterator[tuple[bool, Lines]]:
        """Yield what is done in turn, for all images: whether pixels move, and the lines that are shown or covered."""
        shape: Shape = (self._mean.shape[2], *self._mean.shape[:2])
        moved: Lines | None = None
        for position, augmentation in enumerate(self._augmentations):
            place = Place(self._seed, epoch, position)
            if isinstance(augmentation, Move):
                moved = augmentation.moved(place, moved or self._unmoved(shape))
            elif isinstance(augmentation, Cover):
                if moved is not None:
                    yield True, moved
                    moved = None
                yield False, augmentation.covered(place, self._count, shape)
        if moved is not None:
            yield True, moved

    def _unmoved(self, shape: Shape) -> Lines:
        height, width = (np.arange(size, dtype=np.int32) for size in shape[1:])
        return np.broadcast_to(height, (self._count, shape[1])), np.broadcast_to(width, (self._count, shape[2]))

    def _cover(self, pixels: Array, rows: Array, columns: Array) -> None:
        """Put the mean in place of the covered pixels; their numbers take less time than a mask of all values."""
        channels = pixels.shape[-1]
        where, mean = np.flatnonzero(rows[:, :, None] & columns[:, None, :]), self._mean.reshape(-1, channels)
        pixels.reshape(-1, channels)[where] = mean[where % len(mean)]
