"""Answers values of a form that is not known here: names for objects, switches, texts for numbers, parts of blocks."""

import json
from collections.abc import Mapping
from typing import Any

from graphnn.document.document import Path
from graphnn.specification.habits import objects, reading, sections, values_of_sections
from graphnn.specification.habits.advice import kind_at
from graphnn.specification.habits.blanks import BLANKS
from graphnn.specification.habits.figures import figure_named
from graphnn.specification.habits.sentences import Found, filled
from graphnn.specification.habits.switched import SWITCHED
from graphnn.specification.habits.types import TYPES
from graphnn.specification.schema import Schema
from graphnn.text.suggestions import closest, folded


def about_form(value: Any, definition: Mapping[str, Any], path: Path, root: Any, schema: Schema) -> str | None:
    """Return what to write instead of a value of the wrong JSON type; None where it is not known."""
    allowed = definition.get("type", [])
    allowed = [allowed] if isinstance(allowed, str) else list(allowed)
    kind = kind_at(path)
    if path == ("layers",) and isinstance(value, dict):
        one = isinstance(value.get("type"), str)
        return "write a list: " + str(sections.text({"layers": [value] if one else named_layers(value)}))
    if path == ("input",):
        axes = reading.shape(value)
        return None if axes is None or isinstance(value, bool) else f'write {{"shape": {json.dumps(axes)}}}'
    if path[-1:] == ("shape",):
        axes = reading.shape(value)
        return None if axes is None or isinstance(value, bool) else f"write {json.dumps(axes)}"
    if kind == "augment" and value is not False and value is not None:
        many = BLANKS["augment"](Found(value, key="augment"))
        return None if many is None else f"write {many}"
    if kind in schema.switches and isinstance(value, str | list) and "object" in allowed:
        named = about_named(kind, value, path, schema)
        if named is not None:
            return named
    if kind == "keep_best" and isinstance(value, dict) and (figure := figure_named(value.get("monitor"))):
        return f"write {json.dumps(figure)}"
    switched = SWITCHED.get(kind)
    if switched is not None and (value is True or reading.is_number(value)):
        meant = switched(value)
        return None if meant is None else f"write {meant}"
    return plain_value(value, definition, allowed)


def about_named(kind: str, value: Any, path: Path, schema: Schema) -> str | None:
    """Return the object to write instead of the name of a type, or a call such as "Linear(784, 10)"."""
    if kind == "data" and isinstance(value, str) and (file := values_of_sections.of_file(value)) is not None:
        return f"write {file}"
    written = objects.apart(kind, value, schema)
    if written is None:
        return None
    many = objects.objects(kind, value, schema)
    if many is None:
        name, inner = written
        sentences = TYPES.get(kind, {}).get(folded(name))
        if sentences is not None:
            return filled(sentences, Found(name, {"type": name, **inner}, path), BLANKS).removesuffix(" instead")
        near = closest(name, schema.types(kind))
        many = None if near is None else [{schema.choosing_key(kind): near}]
    text = objects.text(objects.completed(kind, many))
    return None if text is None else f"write {text}"


def named_layers(value: Mapping[str, Any]) -> list[Any]:
    """Return the layers of an object as a list, with the keys as their names where these are no numbers."""
    layers = []
    for key, layer in value.items():
        if isinstance(layer, dict) and "name" not in layer and not key.isdecimal():
            type_ = {"type": layer["type"]} if "type" in layer else {}
            layer = {**type_, "name": key, **{name: one for name, one in layer.items() if name != "type"}}
        layers.append(layer)
    return layers


def plain_value(value: Any, definition: Mapping[str, Any], allowed: list[str]) -> str | None:
    """Return the number, the pair or the truth that a text means: "3x3", "ten", "10 %", "yes"."""
    if not isinstance(value, str):
        return None
    if "boolean" in allowed and (meant := reading.truth(value)) is not None:
        return f"write {json.dumps(meant)}"
    number = reading.number(value)
    if number is not None and ("number" in allowed or ("integer" in allowed and isinstance(number, int))):
        return f"write {json.dumps(number)}"
    if "array" in allowed and "integer" in allowed:
        axes = reading.integers(value)
        if axes is not None and len(axes) == 2:
            return f"write {axes[0] if axes[0] == axes[1] else json.dumps(axes)}"
    return None
