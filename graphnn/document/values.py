"""Layers, losses, optimizers and schedules made in Python, as the JSON values that a document holds for them."""

import json
from collections.abc import Collection, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any

import numpy as np


def section_values(thing: Any, description: str | None = None, leave_out: Collection[str] = ()) -> dict[str, Any]:
    """Return the object of a document that describes `thing`, a dataclass with a `type`: only what is not a default.

    description: the section's free text, for things that have no such field of their own. leave_out: fields that no
    document has, here and in what `thing` is made of.
    """
    own = [field for field in fields(thing) if field.init and field.name not in leave_out]
    written = {field.name: getattr(thing, field.name) for field in own if not is_default(field, thing)}
    values = {name: plain(value, leave_out) for name, value in written.items()}
    return {"type": thing.type, **described(description), **values}


def described(description: str | None) -> dict[str, str]:
    """Return the entry for a description, if there is one."""
    return {} if description is None else {"description": description}


def is_default(field: Field[Any], thing: Any) -> bool:
    """Whether a field has its default: 0 is as good as 0.0, but no 3.0 passes for a 3, and no false for a 0."""
    value, default = getattr(thing, field.name), field.default
    alike = type(value) is type(default) or (type(value) is int and type(default) is float)
    return default is not MISSING and alike and bool(value == default)


def plain(value: Any, leave_out: Collection[str] = ()) -> Any:
    """Return a value as JSON has it: tuples and arrays as lists, numpy's numbers as Python's, layers as objects."""
    if is_dataclass(value) and not isinstance(value, type):
        return section_values(value, leave_out=leave_out)
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item, leave_out) for item in value]
    return value


def document_text(values: Mapping[str, Any]) -> str:
    """Return a document as people write it: one line for each section, and one for each object of a list."""
    return "{\n" + ",\n".join(f"  {one_line(key)}: {lines(value, '  ')}" for key, value in values.items()) + "\n}\n"


def lines(value: Any, indent: str) -> str:
    """Return a JSON value on one line, but with one for each object of a list; indent: of the line that it is on."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{one_line(key)}: {lines(item, indent)}" for key, item in value.items()) + "}"
    if not (isinstance(value, list) and any(isinstance(item, Mapping) for item in value)):
        return one_line(value)
    inner = f"{indent}  "
    return "[\n" + ",\n".join(f"{inner}{lines(item, inner)}" for item in value) + f"\n{indent}]"


def one_line(value: Any) -> str:
    """Return a JSON value as strict JSON on one line."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
