"""What the blanks of the tables of habits stand for: a value in other words, or whether a sentence fits a value."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from graphnn.specification.habits import arguments_of_fit, reading, values_of_layers, values_of_sections
from graphnn.specification.habits.sentences import Found

SHORT = 200  # characters of a value in a message
OFF: tuple[Any, ...] = (
    None,
    False,
    0,
    "",
    "none",
    "None",
    "off",
    "no",
    "valid",
    "VALID",
    [],
    {},
    [0, 0],
    "linear",
    "identity",
)


def asks(fits: Callable[[Found], bool]) -> Callable[[Found], str | None]:
    """Return the function of a blank that only asks whether a sentence fits."""
    return lambda found: "" if fits(found) else None


def shown(convert: Callable[[Found], Any]) -> Callable[[Found], str | None]:
    """Return the function of a blank that shows a JSON value; `convert` returns None where there is none."""

    def show(found: Found) -> str | None:
        value = convert(found)
        text = None if value is None else json.dumps(value, ensure_ascii=False)
        return text if text is not None and len(text) <= SHORT else None

    return show


def pair(position: int) -> Callable[[Found], Any]:
    """Return the function that gives one of two numbers."""
    return lambda found: (
        found.value[position]
        if isinstance(found.value, list) and len(found.value) == 2 and all(map(reading.is_number, found.value))
        else None
    )


def equals_one(value: Any) -> bool:
    """Return whether a value is 1, or a list of ones, or nothing."""
    return not isinstance(value, bool) and (
        value in (1, None) or (isinstance(value, list) and set(map(str, value)) == {"1"})
    )


def is_off(found: Found) -> bool:
    """Return whether a value turns something off, or says that there is none of it."""
    return any(found.value == one and type(found.value) is type(one) for one in (*OFF, 0.0))


BLANKS: Mapping[str, Callable[[Found], str | None]] = {
    "off": asks(is_off),
    "on": asks(lambda found: found.value is True or found.value in (1, "true", "batch", "yes")),
    "one": asks(lambda found: equals_one(found.value)),
    "number": asks(lambda found: reading.is_number(found.value) and found.value > 0),
    "count": asks(lambda found: reading.is_count(found.value)),
    "fraction": asks(lambda found: reading.is_fraction(found.value)),
    "first": asks(values_of_layers.is_first),
    "agrees": asks(values_of_layers.agrees),
    "later": asks(values_of_layers.is_later),
    "policy": asks(values_of_sections.has_policy),
    "linear": asks(lambda found: reading.activation(values_of_layers.in_layer(found).value) == (None, True)),
    "value": shown(lambda found: found.value),
    "rest": shown(lambda found: {key: value for key, value in found.owner.items() if key != found.key}),
    "input": values_of_layers.input_section,
    "twice": shown(values_of_layers.penalised),
    "nearest": values_of_layers.nearest,
    "activation": values_of_layers.activation,
    "activation_layer": lambda found: values_of_layers.activation(values_of_layers.in_layer(found)),
    "nearest_layer": lambda found: values_of_layers.nearest(values_of_layers.in_layer(found)),
    "input_layer": values_of_layers.input_of_layer,
    "settings": values_of_layers.settings,
    "initializer": shown(values_of_layers.initializer),
    "complement": shown(values_of_layers.complement),
    "pooling": shown(values_of_layers.pooling),
    "schedule": values_of_sections.schedule,
    "stepped": values_of_sections.stepped,
    "rate_of": shown(values_of_layers.rate_of),
    "callbacks": arguments_of_fit.callbacks,
    "monitor": shown(values_of_sections.figure),
    "figure": shown(values_of_sections.figure_beside),
    "epochs": shown(values_of_sections.epochs),
    "fraction_of": shown(values_of_sections.fraction),
    "rest_of": shown(
        lambda found: None if (part := values_of_sections.fraction(found)) is None else round(1 - part, 12)
    ),
    "others_with_class_weights": values_of_sections.others_with_class_weights,
    "class_weights": shown(values_of_sections.class_weights),
    "first_of": shown(pair(0)),
    "second_of": shown(pair(1)),
    "augment": shown(values_of_sections.augment),
    "shape": shown(lambda found: reading.shape(found.value)),
    "sizes": values_of_sections.sizes,
    "data": shown(values_of_sections.data),
    "gamma": shown(values_of_sections.gamma),
    "padding": shown(values_of_layers.padding),
}
