"""A layer's settings in a few words, for the table of layers."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from graphnn.initializers.base import initializer_from
from graphnn.layers.base import Layer
from graphnn.layers.trainable import TrainableLayer, WeightedLayer
from graphnn.specification.fixed_statistics import STATISTICS
from graphnn.types import shape_text


def settings_text(layer: Layer) -> str:
    """Return a layer's settings in a few words: "3×3, 32 filters, same".

    Settings with a phrase of PHRASES come first, even at their defaults; of the others, only those that differ.
    """
    settings = layer.settings()
    phrases = [say(settings.pop(key), layer) for key, say in PHRASES.items() if key in settings]
    phrases += [f"{key} {value}" for key, value in settings.items() if value != default(layer, key)]
    return ", ".join(phrase for phrase in phrases if phrase)


def default(layer: Layer, key: str) -> Any:
    """Return the default of a layer's setting."""
    return next(field.default for field in fields(layer) if field.name == key)


def pair_text(value: Any) -> str:
    """Return a size as people write it: 3 is 3×3, [3, 5] is 3×5."""
    return shape_text((value, value) if isinstance(value, int) else tuple(value))


def strides_text(value: Any, layer: Layer) -> str:
    """Return the strides, or "" where they are the usual ones: 1, or the size of the pool."""
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
    """Return the function that gives "no WORD" for a flag that is off, and "" for one that is on."""
    return lambda value, layer: "" if value else f"no {word}"


def initializer_text(value: str | Mapping[str, Any], layer: Layer) -> str:
    """Return an initializer and its settings that are not defaults, "normal (deviation 1)"; "" for the default one."""
    if not isinstance(layer, WeightedLayer):  # a plugin may have a setting of this name with another meaning
        return "" if value == default(layer, "initializer") else f"initializer {value}"
    initializer = initializer_from(value)
    if initializer == initializer_from(default(layer, "initializer")):
        return ""
    given = [field for field in fields(initializer) if getattr(initializer, field.name) != field.default]
    settings = ", ".join(f"{field.name} {getattr(initializer, field.name)}" for field in given)
    return f"{initializer.type} ({settings})" if settings else initializer.type


def trainable_text(value: Any, layer: Layer) -> str:
    """Return the parameters that are not trained, or not to the end: "weights not trained, biases until epoch 3"."""
    if not isinstance(layer, TrainableLayer):  # as above
        return "" if value == default(layer, "trainable") else f"trainable {value}"
    statistics = ["fixed statistics"] if layer.fixed_statistics else []
    if not isinstance(value, Mapping):
        return "" if value else "frozen" if statistics else "not trained"
    fixed = [name for name, trained in value.items() if not trained and name != STATISTICS]
    ending = [f"{name} until epoch {one['until_epoch']}" for name, one in value.items() if isinstance(one, Mapping)]
    return ", ".join([*([f"{' and '.join(fixed)} not trained"] if fixed else []), *ending, *statistics])


def momentum_text(value: Any, layer: Layer) -> str:
    """Return the momentum of running statistics, or "" where these are fixed."""
    return "" if isinstance(layer, TrainableLayer) and layer.fixed_statistics else f"momentum {value}"


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
    "momentum": momentum_text,
    "use_bias": flag_text("bias"),
    "scale": flag_text("scale"),
    "center": flag_text("center"),
    "initializer": initializer_text,
    "trainable": trainable_text,
}
