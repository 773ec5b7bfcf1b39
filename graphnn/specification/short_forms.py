"""The definitions of the schema that follow from those of the layers: defaults by type, and layers inside blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from graphnn.specification.names import CONTAINERS, REPEAT
from graphnn.specification.schema import COMMON, IN_BLOCK, REFERENCE, Definition, branch_of

COMMENT = "This definition and those after it follow from those above; python -m pytest --update-golden writes them."
SHOWN = ("title", "description", "markdownDescription", "default", "defaultSnippets", "examples")  # in editors


def short_forms(root: Mapping[str, Any]) -> dict[str, Any]:
    """Return the definitions `defaults`, `layer_in_block` and one for each type of layer in a block, by their names."""
    definitions = root["definitions"]
    layer = definitions["layer"]
    types = layer["properties"]["type"]["anyOf"][0]["enum"]
    given = {name: one for name in types if (one := defaults_of(name, definitions[name])) is not None}
    return {
        "defaults": {
            "$comment": COMMENT,
            "description": "Settings that the layers of a type have unless they write others. Only those that a layer "
            "may leave out: what it must say, it says itself.",
            "type": "object",
            "additionalProperties": False,
            "defaultSnippets": [
                {
                    "label": "defaults",
                    "description": "Convolutions without biases",
                    "bodyText": '{"Conv2D": {"use_bias": ${1:false}}}',
                }
            ],
            "properties": {"description": {"$ref": f"{REFERENCE}description"}, **given},
        },
        f"layer{IN_BLOCK}": {
            "description": 'A layer of a block; "$filters" as a value stands for the parameter filters.',
            "type": "object",
            "required": ["type"],
            **{key: layer[key] for key in ("if", "then")},
            "properties": {name: {"$ref": f"{REFERENCE}layer/properties/{name}"} for name in COMMON},
            "allOf": [branch_of(name, name + IN_BLOCK) for name in types],
            "defaultSnippets": layer["defaultSnippets"],
        },
        **{name + IN_BLOCK: in_block(name, definitions) for name in types},
    }


def defaults_of(type_: str, definition: Definition) -> dict[str, Any] | None:
    """Return the definition of the defaults of a type of layer; None where it has no settings that may be left out."""
    names = list(optional_settings(type_, definition))
    if not names:
        return None
    return {
        "title": f"defaults of {type_}",
        "description": f"Settings that each {type_} has unless it writes others.",
        "type": "object",
        "additionalProperties": False,
        "properties": {name: {"$ref": f"{REFERENCE}{type_}/properties/{name}"} for name in names},
    }


def optional_settings(type_: str, definition: Definition) -> Iterator[str]:
    """Yield the settings that a layer may leave out, without the layers inside it."""
    for name in definition["properties"]:
        inside = name in CONTAINERS.get(type_, ())
        if name not in COMMON and name not in definition.get("required", ()) and not inside and type_ != REPEAT:
            yield name


def in_block(type_: str, definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Return the definition of a type of layer in a block, where a parameter may stand for the value of a setting."""
    definition = definitions[type_]
    properties: dict[str, Any] = {}
    for name, one in definition["properties"].items():
        if name in COMMON:
            properties[name] = True
        elif name in CONTAINERS.get(type_, ()):
            properties[name] = {**one, "items": {"$ref": f"{REFERENCE}layer{IN_BLOCK}"}}
        else:
            explained = {} if one is True else one
            if "$ref" in explained:
                explained = definitions[explained["$ref"].removeprefix(REFERENCE)]
            shown = {key: value for key, value in explained.items() if key in SHOWN}
            written = {"$ref": f"{REFERENCE}{type_}/properties/{name}"}
            properties[name] = {**shown, "anyOf": [written, {"$ref": f"{REFERENCE}parameter"}]}
    return {**definition, "properties": properties}
