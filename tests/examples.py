"""Settings for every type that the schema knows, so that what is added to it is tested without a word in the tests.

Test modules read this file with runpy, because they cannot import each other.
"""

from contextlib import suppress
from dataclasses import MISSING, fields
from typing import Any

from graphnn.layers.base import LAYERS, Layer, UnfitInput
from graphnn.layers.conv2d import Conv2D
from graphnn.layers.max_pooling_2d import MaxPooling2D
from graphnn.layers.relu import ReLU
from graphnn.layers.residual import Residual
from graphnn.layers.sigmoid import Sigmoid
from graphnn.optimizers.base import OPTIMIZERS
from graphnn.specification.schema import Definition, load_schema
from graphnn.types import Shape

KINDS: dict[str, Any] = {"layer": LAYERS, "optimizer": OPTIMIZERS}
# What a schema cannot tell: settings that have to fit each other, and forms that differ from the first one allowed.
BY_HAND: dict[str, dict[str, Any]] = {
    "Dense": {"units": 3, "use_bias": False, "initializer": "identity", "trainable": {"weights": {"until_epoch": 1}}},
    "Conv2D": {
        "filters": 2,
        "kernel_size": (3, 2),
        "strides": (1, 2),
        "padding": (1, 0),
        "use_bias": False,
        "initializer": {"type": "normal", "deviation": 0.5},
        "trainable": {"weights": {"until_epoch": 2}},
    },
    "MaxPooling2D": {"pool_size": (2, 3), "strides": 1},
    "AveragePooling2D": {"pool_size": 3, "strides": (2, 1)},
    "Residual": {
        "layers": (Conv2D(3, padding="valid", name="inner"), Residual((ReLU(),), (Sigmoid(description="gate"),))),
        "shortcut": (MaxPooling2D(3, strides=1), Conv2D(3, 1)),
    },
}


def other_settings(kind: str, name: str) -> dict[str, Any]:
    """Return every setting of a type, each at another value than its default."""
    if name in BY_HAND:
        return BY_HAND[name]
    definitions = load_schema().properties(kind, name)
    common = {field.name for field in fields(Layer)} if kind == "layer" else {"schedule", "groups"}
    return {
        field.name: other_value(definitions[field.name])
        for field in fields(KINDS[kind][name])
        if field.name not in common
    }


def other_value(definition: Definition) -> Any:
    """Return a value that the schema allows and that is not the default."""
    default, types = definition.get("default"), definition.get("type", ())
    if "enum" in definition:
        return next(value for value in definition["enum"] if value != default)
    if "boolean" in types:
        return not default
    if "integer" in types:
        return default + 1 if default is not None else definition.get("minimum", 0) + 1
    assert "number" in types, f"say in BY_HAND what another value of this setting is: {definition}"
    return default / 2 if default else 0.25


def required_settings(kind: str, name: str) -> dict[str, Any]:
    """Return a value for each setting that has to be given."""
    needed = {field.name for field in fields(KINDS[kind][name]) if field.default is MISSING}
    return {key: value for key, value in other_settings(kind, name).items() if key in needed}


def layers_for(shape: Shape) -> dict[str, Layer]:
    """Return a layer of each type that takes inputs of a shape, but for blocks."""
    found = {}
    for name in LAYERS.built_in():
        layer = LAYERS[name](**required_settings("layer", name))
        if not layer.inside:
            with suppress(UnfitInput):
                layer.output_shape(shape)
                found[name] = layer
    return found
