"""Conversions between the parts of a model and the sections of a document."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from graphnn.augmentation.base import Augmentation
from graphnn.averaging.base import Averaging
from graphnn.document.values import plain, section_values
from graphnn.errors import GraphError
from graphnn.specification.spec import Spec
from graphnn.training.monitor import EarlyStopping


def augmentation_values(given: Augmentation | Mapping[str, Any]) -> dict[str, Any]:
    """Return an augmentation as a document has it. Raises GraphError where `given` is none."""
    if isinstance(given, Augmentation):
        return section_values(given)
    if isinstance(given, Mapping):
        return dict(given)
    raise GraphError(f"augment takes a list of augmentations such as RandomFlip(), not of {given!r}")


def section_descriptions(spec: Spec) -> dict[str, str]:
    """Return the descriptions of a document's sections, except the layers, by the section's name."""
    typed = {"loss": spec.loss, "optimizer": spec.optimizer, "schedule": spec.optimizer.options["schedule"]}
    texts = {name: None if section is None else section.description for name, section in typed.items()}
    return {**spec.descriptions, **{name: text for name, text in texts.items() if text is not None}}


def section_settings(spec: Spec, name: str) -> dict[str, Any]:
    """Return the settings of a section without a type as JSON values, except its description and the seed."""
    values: Mapping[str, Any] = spec.resolved()[name]
    return {key: value for key, value in values.items() if key not in ("seed", "description")}


def argument_values(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call that are not None, as JSON values."""
    return {name: argument_value(argument) for name, argument in arguments.items() if argument is not None}


def argument_value(argument: Any) -> Any:
    """Return one argument as a document writes it."""
    if isinstance(argument, Averaging):
        return section_values(argument)
    return plain(asdict(argument)) if isinstance(argument, EarlyStopping) else plain(argument)
