"""JSON in the style of the schema's file, and its text with the definitions that follow from those of the layers."""

import json
from typing import Any

from graphnn.specification.short_forms import short_forms

START = '    "defaults": {\n'  # of the first definition that is written here


def with_short_forms(text: str) -> str:
    """Return the text of the schema with these definitions anew, after those that are written by hand."""
    by_hand = text[: text.index(START)] if START in text else text.rstrip()[: -len("\n  }\n}")] + ",\n"
    root = json.loads(by_hand.rstrip().rstrip(",") + "\n}}")
    written = [f'    "{name}": {spread(one)}' for name, one in short_forms(root).items()]
    return by_hand + ",\n".join(written) + "\n  }\n}\n"


def spread(definition: dict[str, Any]) -> str:
    """Return a definition with one line for each of its keys, and for each of its properties and branches."""
    lines = []
    for key, value in definition.items():
        if key not in ("properties", "allOf", "defaultSnippets"):
            lines.append(f'      "{key}": {one_line(value)}')
        elif isinstance(value, dict):
            inner = ",\n".join(f'        "{name}": {one_line(each)}' for name, each in value.items())
            lines.append(f'      "{key}": {{\n{inner}\n      }}')
        else:
            inner = ",\n".join(f"        {one_line(each)}" for each in value)
            lines.append(f'      "{key}": [\n{inner}\n      ]')
    return "{\n" + ",\n".join(lines) + "\n    }"


def one_line(value: Any) -> str:
    """Return a JSON value on one line."""
    if isinstance(value, dict) and value:
        return "{ " + ", ".join(f"{one_line(key)}: {one_line(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(one_line, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
