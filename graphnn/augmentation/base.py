"""What an augmentation is: a description that draws for all images of an epoch at once.

Some are a matter of whole rows and columns: which of them are shown, or which of them are covered; others resample.
"""

from __future__ import annotations  # naming numpy.random would import it, which takes 8 ms

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from graphnn.randomness import Purpose, generator
from graphnn.registry import Registry
from graphnn.specification.spec import Section
from graphnn.types import Array, Shape, shape_text

Lines = tuple[Array, Array]  # of N images: rows N×H and columns N×W


@dataclass(frozen=True)
class Place:
    """What draws are keyed by: the seed and epoch of training, and the augmentation's position in the list."""

    seed: int
    epoch: int
    position: int

    def generator(self) -> np.random.Generator:
        """Return the generator of this epoch."""
        return generator(self.seed, Purpose.AUGMENT, self.epoch, self.position)

    def lasting(self) -> np.random.Generator:
        """Return the generator of what holds in every epoch."""
        return generator(self.seed, Purpose.AUGMENT, 0, self.position, 1)


class Augmentation:
    """One kind of random change to images; its fields are the properties of its definition in the schema.

    size_field: the field that is at fault where images are too small.
    """

    size_field: ClassVar[str]

    @property
    def type(self) -> str:
        """The `type` in the document: the name of the class."""
        return type(self).__name__

    def unfit(self, shape: Shape) -> str | None:
        """Return why images of this shape, C×H×W, are too small; None where they are not."""
        return None


AUGMENTATIONS: Registry[type[Augmentation]] = Registry("augmentation", "graphnn.augmentation")


def misfits(augmentations: Sequence[Augmentation], shape: Shape) -> Iterator[tuple[tuple[int | str, ...], str]]:
    """Yield what cannot be done to samples of this shape, and the place in the list that is at fault.

    The place is an augmentation's field, or () where the samples are no images.
    """
    if augmentations and len(shape) != 3:
        yield (), f"augment needs images, but the samples are vectors of {shape_text(shape)}; leave it out"
        return
    for position, augmentation in enumerate(augmentations):
        problem = augmentation.unfit(shape)
        if problem is not None:
            yield (position, augmentation.size_field), problem


class Move(Augmentation, ABC):
    """An augmentation after which each row and column of an image shows another one; several in turn cost one copy."""

    @abstractmethod
    def moved(self, place: Place, lines: Lines) -> Lines:
        """Return which lines of the stored images are shown in an epoch, given those that were shown before.

        A line may be BLANK.
        """


class Cover(Augmentation, ABC):
    """An augmentation that puts the mean of the training images in place of a rectangle of each image."""

    @abstractmethod
    def covered(self, place: Place, count: int, shape: Shape) -> Lines:
        """Return which lines of `count` images of this shape the rectangles of an epoch lie on: bool."""


class Warp(Augmentation, ABC):
    """An augmentation that puts each image together anew from points between its pixels.

    padding: what comes in from outside, "reflect" or "zeros".
    """

    padding: str

    @abstractmethod
    def sources(self, place: Place, count: int) -> Array:
        """Return, for each of `count` images of an epoch, where pixels come from: count×2×2, float32.

        The pixel at (row, column) from the centre shows the point at matrix·(row, column).
        """


def augmentations_from(sections: Iterable[Section]) -> tuple[Augmentation, ...]:
    """Return the augmentations of a document's list."""
    return tuple(AUGMENTATIONS[section.type](**section.options) for section in sections)
