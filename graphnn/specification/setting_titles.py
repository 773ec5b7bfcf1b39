"""The title of a setting in the schema, which editors show above its description: what it takes, and its default."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
LARGEST = 2**53 - 1  # what JSON can hold exactly is no news
MOST_CHOICES = 8  # a longer list is for completions


def title_of(setting: Mapping[str, Any]) -> str | None:
    """Return such as "integer ≥ 1 or a pair of such; default 3"; None where nothing limits the setting."""
    if "properties" in setting and "then" not in setting:  # an object, which messages call by its key
        return None
    types = setting.get("type", [])
    types = [types] if isinstance(types, str) else types
    phrases = [TYPES[name](setting) for name in types if name in TYPES]
    choices = ", ".join(phrases[:-1]) + f" or {phrases[-1]}" if len(phrases) > 1 else "".join(phrases)
    known = [f"default {json.dumps(setting['default'], ensure_ascii=False)}"] if "default" in setting else []
    known += [f"{setting['defaultFrom']} if left out"] if "defaultFrom" in setting else []
    limited = known or any(key in setting for key in (*BOUNDS, "enum", "then")) or types == ["boolean"]
    return "; ".join([choices, *known]) if limited and choices else None


def number(noun: str) -> Callable[[Mapping[str, Any]], str]:
    """Return what says the bounds of a number."""

    def say(setting: Mapping[str, Any]) -> str:
        bounds = [
            f"{sign} {setting[key]:,}" for key, sign in BOUNDS.items() if abs(setting.get(key, LARGEST)) < LARGEST
        ]
        return " ".join([noun, " and ".join(bounds)]).strip()

    return say


def text(setting: Mapping[str, Any]) -> str:
    """Return the choices where they are few."""
    choices = setting.get("enum", setting.get("then", {}).get("enum"))
    if choices is None:
        return "text"
    return ", ".join(map(json.dumps, choices)) if len(choices) <= MOST_CHOICES else "one of the names"


def several(setting: Mapping[str, Any]) -> str:
    """Return what a list is made of."""
    return "a pair of such" if setting.get("maxItems") == 2 else "a list"


TYPES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "string": text,
    "integer": number("integer"),
    "number": number("number"),
    "boolean": lambda setting: "true or false",
    "array": several,
    "object": lambda setting: "an object",
}


def settings_of(
    schema: Mapping[str, Any], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Yield path and definition of each setting that a schema defines, at any depth."""
    for key, one in schema.get("properties", {}).items():
        if isinstance(one, Mapping) and "type" in one:
            here = (*path, "properties", key)
            yield here, one
            yield from settings_of(one, here)
