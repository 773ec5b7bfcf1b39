"""Messages about a value of the wrong type: what was expected, what was found, and what to write instead."""

import json
import re
from collections.abc import Mapping
from typing import Any

from graphnn.text.suggestions import closest

EXPECTED = {
    "integer": "an integer",
    "number": "a number",
    "string": "a string",
    "boolean": "true or false",
    "object": "an object {…}",
    "array": "a list […]",
    "null": "null",
}
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)((?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)")
AUTOMATIC = ("auto", "automatic", "default")
LAYER = "#/definitions/layer"
REFERENCE = re.compile(r"\$[a-z][a-z0-9_]*")  # to a parameter of a block
WIDTH = 60  # characters of a value in a message; a longer string is cut, a longer list only counted
MOST_CHOICES = 8  # where the type is wrong too, a longer list of choices is left out


def expected(definition: Mapping[str, Any]) -> str:
    """Return in words the types that a definition allows."""
    words = [expected_one(name, definition) for name in types(definition)]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def expected_one(name: str, definition: Mapping[str, Any]) -> str:
    """Return one allowed type in words, or the choices where they are few."""
    if name == "string" and "then" in definition:
        return ", ".join(json.dumps(word) for word in definition["then"]["enum"])
    if (
        name == "string"
        and len(types(definition)) == 1
        and len(definition.get("enum", ())) in range(1, MOST_CHOICES + 1)
    ):
        return f"one of {', '.join(map(json.dumps, definition['enum']))}"
    if name == "array" and definition.get("maxItems") == definition.get("minItems") == 2:
        if isinstance(definition["items"], list):
            return "a pair of numbers"
        return "a pair of integers [vertical, horizontal]"
    return EXPECTED[name]


def types(definition: Mapping[str, Any]) -> list[str]:
    """Return the names of the allowed types."""
    names = definition["type"]
    return [names] if isinstance(names, str) else list(names)


def found(value: Any) -> str:
    """Return a value as a message shows it."""
    if isinstance(value, dict):
        return "an object"
    text = json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return f"the list {text}" if len(text) <= WIDTH else f"a list of {len(value)}"
    if len(text) > WIDTH:
        text = f"{text[: WIDTH - 2]}…" + ('"' if isinstance(value, str) else "")
    return f"the string {text}" if isinstance(value, str) else text


def hint(value: Any, definition: Mapping[str, Any]) -> str | None:
    """Return what to write instead, where it can be guessed."""
    allowed = types(definition)
    if value is None:
        default = definition.get("default")
        return None if default is None else f"leave the key out for the default, {json.dumps(default)}"
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return hint_for_string(value, definition, allowed)
    if isinstance(value, int | float):
        return hint_for_number(value, definition, allowed) if "enum" not in definition else None
    if isinstance(value, list):
        return hint_for_list(value, definition, allowed)
    if isinstance(value, dict) and allowed == ["array"] and definition.get("items") == {"$ref": LAYER}:
        text = json.dumps([value], ensure_ascii=False)
        return f"write {text}" if "type" in value and len(text) <= WIDTH else "write [ and ] around it"
    return None


def hint_for_string(text: str, definition: Mapping[str, Any], allowed: list[str]) -> str | None:
    """Return what to write instead of a string."""
    if "boolean" in allowed and text.casefold() in ("true", "false"):
        return f"write {text.casefold()} without quotes"
    if text.casefold() in AUTOMATIC and "default" in definition:
        return f"leave the key out for the default, {json.dumps(definition['default'])}"
    if "object" in allowed:
        for key, one in definition.get("properties", {}).items():
            choice = closest(text, one["enum"]) if isinstance(one, dict) and "enum" in one else None
            if choice is not None:
                return f"write {json.dumps({key: choice})}"
    if REFERENCE.fullmatch(text) and allowed != ["array"]:
        return "only in blocks does such a text stand for a value; write the value"
    if "integer" in allowed or "number" in allowed:
        number = NUMBER.fullmatch(text)
        if number is not None and ("number" in allowed or not number[1]):
            return f"write {text} without quotes" if len(text) <= WIDTH else "remove the quotes"
    return None


def hint_for_number(number: float, definition: Mapping[str, Any], allowed: list[str]) -> str | None:
    """Return what to write instead of a number."""
    if "integer" in allowed and float(number).is_integer():
        return f"write {int(number)}"
    if "boolean" in allowed and number in (0, 1):
        return f"write {json.dumps(bool(number))}"
    if "string" in allowed:
        return None if "then" in definition else f'write "{number}"'
    return f"write [{number}]" if allowed == ["array"] and definition.get("minItems") == 1 else None


def hint_for_list(items: list[Any], definition: Mapping[str, Any], allowed: list[str]) -> str | None:
    """Return what to write instead of a list."""
    if "object" in allowed and "shape" in definition.get("properties", {}):
        return f'write {{"shape": {json.dumps(items)}}}' if len(items) <= 3 else None
    if len(items) == 1 and isinstance(items[0], int | float) and ("integer" in allowed or "number" in allowed):
        return f"write {items[0]}"
    return None
