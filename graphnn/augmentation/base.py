"""What an augmentation is: a description of random changes, drawn for all images of an epoch at once."""

from __future__ import annotations  # naming numpy.random would import it, which takes 8 ms

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from graphnn.augmentation.steps import Step
from graphnn.randomness import Purpose, generator
from graphnn.registry import Registry
from graphnn.specification.spec import Section
from graphnn.types import Array, Shape, shape_text


@dataclass(frozen=True)
class DrawKey:
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


@dataclass(frozen=True)
class TrainingImages:
    """What is known of the images that draws are made for: how many there are, and their mean, H×W×C as stored."""

    count: int
    mean: Array

    @property
    def height(self) -> int:
        """Rows of an image."""
        return int(self.mean.shape[0])

    @property
    def width(self) -> int:
        """Columns of an image."""
        return int(self.mean.shape[1])


class Augmentation(ABC):
    """One kind of random change to images; its fields are the properties of its definition in the schema.

    size_field: the field that is at fault where images are too small.
    """

    size_field: ClassVar[str]

    @property
    def type(self) -> str:
        """The `type` in the document: the name of the class."""
        return type(self).__name__

    @abstractmethod
    def step(self, key: DrawKey, images: TrainingImages) -> Step:
        """Return what is done to each image in an epoch, drawn by the key."""

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


def augmentations_from(sections: Iterable[Section]) -> tuple[Augmentation, ...]:
    """Return the augmentations of a document's list."""
    return tuple(AUGMENTATIONS[section.type](**section.options) for section in sections)
