"""What an augmentation is: a description that draws for all images of an epoch, and then changes a few at a time."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from graphnn.randomness import Purpose, generator
from graphnn.types import Array, Shape


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


class Augmentation(ABC):
    """One kind of random change to images; its fields are the properties of its definition in the schema."""

    @property
    def type(self) -> str:
        """The `type` in the document: the name of the class."""
        return type(self).__name__

    def unfit(self, shape: Shape) -> str | None:
        """Return what is wrong with images of this shape, C×H×W; None where nothing is."""
        return None

    @abstractmethod
    def draw(self, place: Place, count: int, shape: Shape) -> Array:
        """Return the draws of an epoch for `count` images of this shape, a row for each."""


class Move(Augmentation):
    """An augmentation after which each row and column of an image shows another one; several in turn cost one copy."""

    @abstractmethod
    def move(self, drawn: Array, rows: Array, columns: Array) -> tuple[Array, Array]:
        """Return which rows, n×H, and columns, n×W, of the stored images are shown in place of those shown before.

        drawn: the rows of `draw` that belong to the n images. A row or column may be BLANK.
        """


class Fill(Augmentation):
    """An augmentation that puts the mean of the training images in place of some pixels."""

    @abstractmethod
    def covered(self, drawn: Array, shape: Shape) -> Array:
        """Return which pixels are replaced: bool, n×H×W."""
