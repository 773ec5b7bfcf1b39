"""Notes about settings that are allowed, but probably a mistake."""

from collections.abc import Iterator

from graphnn.augmentation.base import AUGMENTATIONS
from graphnn.datasets.base import facts_of
from graphnn.specification.spec import Spec


def notes(spec: Spec) -> Iterator[str]:
    """Yield a note, with its path, for each augmentation that mirrors images which must not be mirrored."""
    name = spec.data["dataset"]
    facts = facts_of(name)
    if facts is None or facts.mirrored:
        return
    for index, section in enumerate(spec.data["augment"]):
        if AUGMENTATIONS[section.type].mirrors:
            where = spec.document.where(("data", "augment", index))
            meaning = f"a mirror image of {name} does not show what its label says"
            yield f"{where}: {section.type} mirrors images, and {meaning}"
