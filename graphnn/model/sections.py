"""Between what a model is made of and the sections of a document."""

from collections.abc import Mapping
from typing import Any

from graphnn.augmentation.base import Augmentation
from graphnn.document.values import section_values
from graphnn.errors import GraphError
from graphnn.spec.spec import Spec


def augmentation_values(given: Augmentation | Mapping[str, Any]) -> dict[str, Any]:
    """Return an augmentation as a document has it. Raises GraphError for anything that is none."""
    if isinstance(given, Augmentation):
        return section_values(given)
    if isinstance(given, Mapping):
        return dict(given)
    raise GraphError(f"augment takes a list of augmentations such as RandomFlip(), not of {given!r}")


def section_descriptions(spec: Spec) -> dict[str, str]:
    """Return what a document says about its sections, without the layers, by the section's name."""
    typed = {"loss": spec.loss, "optimizer": spec.optimizer, "schedule": spec.optimizer.options["schedule"]}
    texts = {name: None if section is None else section.description for name, section in typed.items()}
    return {**spec.descriptions, **{name: text for name, text in texts.items() if text is not None}}
