"""The base class of augmentations, which are drawn for all images of an epoch at once, and their registry."""

from __future__ import annotations  # naming numpy.random would import it, which takes 8 ms

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

import numpy as np

from graphnn.augmentation.transforms import Transform
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.randomness import Purpose, generator
from graphnn.registry import Registry
from graphnn.specification.describable import Describable, check_built_in
from graphnn.specification.sections import Section
from graphnn.types import Array, Shape, shape_text


@frozen_dataclass
class DrawKey:
    """The key of an augmentation's random draws: seed, epoch, and the augmentation's position in the list."""

    seed: int
    epoch: int
    position: int

    def generator(self) -> np.random.Generator:
        """Return the generator for draws that are made anew in each epoch."""
        return generator(self.seed, Purpose.AUGMENT, self.epoch, self.position)

    def generator_of_all_epochs(self) -> np.random.Generator:
        """Return the generator for draws that are the same in all epochs."""
        return generator(self.seed, Purpose.AUGMENT, 0, self.position, 1)


@frozen_dataclass
class TrainingImages:
    """What an augmentation knows of the training images: their number, and their mean image, H×W×C as stored."""

    count: int
    mean: Array

    @property
    def height(self) -> int:
        """The number of rows of an image."""
        return int(self.mean.shape[0])

    @property
    def width(self) -> int:
        """The number of columns of an image."""
        return int(self.mean.shape[1])


class Augmentation(Describable, ABC):
    """A random change to images; its fields are the properties of its definition in the schema.

    size_field: the field to blame where images are too small. mirrors: whether it shows mirror images.
    hides: whether it covers a part of an image, which a network that learns its inputs is to give back.
    """

    size_field: ClassVar[str]
    mirrors: ClassVar[bool] = False
    hides: ClassVar[bool] = False

    def _check_settings(self) -> None:
        check_built_in(self, "augmentation", AUGMENTATIONS)

    @property
    def type(self) -> str:
        """The `type` in the document: the name of the class."""
        return type(self).__name__

    @abstractmethod
    def draw(self, key: DrawKey, images: TrainingImages) -> Transform:
        """Return the transform of all images in an epoch, drawn with the generators of `key`."""

    def unfit(self, shape: Shape) -> str | None:
        """Return the message that images of this shape, C×H×W, are too small; None where they are not."""
        return None


AUGMENTATIONS: Registry[type[Augmentation]] = Registry("augmentation", "graphnn.augmentation")


def misfits(augmentations: Sequence[Augmentation], shape: Shape) -> Iterator[tuple[tuple[int | str, ...], str]]:
    """Yield (path, message) for each augmentation that cannot be applied to samples of this shape.

    The path leads from the list to the field at fault; it is () where the samples are not images.
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
    return tuple(AUGMENTATIONS[section.type].from_checked(**section.options) for section in sections)
