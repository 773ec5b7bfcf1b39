"""A layer's settings in few words, as a reader of the table of layers looks for them."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from graphnn.initializers.base import initializer_from
from graphnn.layers.base import Layer
from graphnn.layers.trainable import TrainableLayer, WeightedLayer
from graphnn.types import shape_text


def settings_text(layer: Layer) -> str:
    """Return a layer's settings in few words: 3×3, 32 filters, same.

    What has its default value is left out, except where a reader looks for it (`PHRASES`).
    """
    settings = layer.settings()
    phrases = [say(settings.pop(key), layer) for key, say in PHRASES.items() if key in settings]
    phrases += [f"{key} {value}" for key, value in settings.items() if value != default(layer, key)]
    return ", ".join(phrase for phrase in phrases if phrase)


def default(layer: Layer, key: str) -> Any:
    """Return the value that a layer's property has when the document does not give it."""
    return next(field.default for field in fields(layer) if field.name == key)


def pair_text(value: Any) -> str:
    """Return a size as people write it: 3 is 3×3, [3, 5] is 3×5."""
    return shape_text((value, value) if isinstance(value, int) else tuple(value))


def strides_text(value: Any, layer: Layer) -> str:
    """Return the strides, unless they are what one expects: 1, or the size of the pool."""
    usual = getattr(layer, "pool_size", 1)
    if value is None or pair_text(value) == pair_text(usual):
        return ""
    return f"stride {value if isinstance(value, int) else pair_text(value)}"


def padding_text(value: Any, layer: Layer) -> str:
    """Return the padding: same, valid, padding 1."""
    if isinstance(value, str):
        return value
    return f"padding {value if isinstance(value, int) else pair_text(value)}"


def flag_text(word: str) -> Callable[[bool, Layer], str]:
    """Return what says `no word` when the flag is off."""
    return lambda value, layer: "" if value else f"no {word}"


def initializer_text(value: str | Mapping[str, Any], layer: Layer) -> str:
    """Return an initializer that is not the default, with what is not its default: normal (deviation 1)."""
    if not isinstance(layer, WeightedLayer):  # a setting of a plugin's, which only has this name
        return "" if value == default(layer, "initializer") else f"initializer {value}"
    own = initializer_from(value)
    if own == initializer_from(default(layer, "initializer")):
        return ""
    given = [field for field in fields(own) if getattr(own, field.name) != field.default]
    settings = ", ".join(f"{field.name} {getattr(own, field.name)}" for field in given)
    return f"{own.type} ({settings})" if settings else own.type


def trainable_text(value: Any, layer: Layer) -> str:
    """Return what is not trained, or not to the end: weights not trained, biases until epoch 3."""
    if not isinstance(layer, TrainableLayer):  # as above
        return "" if value == default(layer, "trainable") else f"trainable {value}"
    if not isinstance(value, Mapping):
        return "" if value else "not trained"
    fixed = [name for name, own in value.items() if not own]
    ending = [f"{name} until epoch {own['until_epoch']}" for name, own in value.items() if isinstance(own, Mapping)]
    return ", ".join([*([f"{' and '.join(fixed)} not trained"] if fixed else []), *ending])


Phrase = Callable[[Any, Layer], str]

PHRASES: dict[str, Phrase] = {
    "kernel_size": lambda value, layer: pair_text(value),
    "pool_size": lambda value, layer: pair_text(value),
    "filters": lambda value, layer: f"{value:,} filters" if value != 1 else "1 filter",
    "units": lambda value, layer: f"{value:,} units" if value != 1 else "1 unit",
    "strides": strides_text,
    "padding": padding_text,
    "rate": lambda value, layer: f"rate {value}",
    "factor": lambda value, layer: f"× {value}",
    "negative_slope": lambda value, layer: f"slope {value}",
    "initial_slope": lambda value, layer: f"slopes from {value}",
    "alpha": lambda value, layer: f"alpha {value}",
    "approximate": lambda value, layer: "exact" if value == "none" else value,
    "momentum": lambda value, layer: f"momentum {value}",
    "use_bias": flag_text("bias"),
    "scale": flag_text("scale"),
    "center": flag_text("center"),
    "initializer": initializer_text,
    "trainable": trainable_text,
}
