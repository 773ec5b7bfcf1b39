"""The augmentations by type, and those that a document asks for."""

from collections.abc import Iterable

from graphnn.augmentation.base import Augmentation
from graphnn.augmentation.cutout import Cutout
from graphnn.augmentation.random_affine import RandomAffine
from graphnn.augmentation.random_flip import RandomFlip
from graphnn.augmentation.random_translate import RandomTranslate
from graphnn.specification.spec import Section

AUGMENTATIONS: dict[str, type[Augmentation]] = {
    kind.__name__: kind for kind in (RandomFlip, RandomTranslate, RandomAffine, Cutout)
}


def augmentations_from(sections: Iterable[Section]) -> tuple[Augmentation, ...]:
    """Return the augmentations of a document's list."""
    return tuple(AUGMENTATIONS[section.type](**section.options) for section in sections)
