"""From Python to a document: layers, losses, optimizers and schedules as JSON values, and values as text."""

import json
import math
from collections.abc import Collection, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np

from graphnn.document.json_reader import Path, half_of_a_pair


def section_values(thing: Any, description: str | None = None, leave_out: Collection[str] = ()) -> dict[str, Any]:
    """Return the document section that describes `thing`, a dataclass with a `type`, without fields at their default.

    description: the section's free text, for classes that have no such field. leave_out: names of fields that do not
    belong in a document, in `thing` and in the dataclasses within it.
    """
    settings = [field for field in fields(thing) if field.init and field.name not in leave_out]
    written = {field.name: getattr(thing, field.name) for field in settings if not is_default(field, thing)}
    values = {name: plain(value, leave_out) for name, value in written.items()}
    return {"type": thing.type, **described(description), **values}


def described(description: str | None) -> dict[str, str]:
    """Return the entry for a description; empty where there is none."""
    return {} if description is None else {"description": description}


def is_default(field: Field[Any], thing: Any) -> bool:
    """Whether a field has its default value; 0 counts as 0.0, but 3.0 does not count as 3, nor false as 0."""
    value, default = getattr(thing, field.name), field.default
    alike = type(value) is type(default) or (type(value) is int and type(default) is float)
    return default is not MISSING and alike and bool(value == default)


def plain(value: Any, leave_out: Collection[str] = ()) -> Any:
    """Return a value in JSON's types: tuples and arrays as lists, numpy's numbers as Python's, layers as objects."""
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
    """Return the text of a document, formatted with one line per section and one per object in a list."""
    return "{\n" + ",\n".join(f"  {one_line(key)}: {lines(value, '  ')}" for key, value in values.items()) + "\n}\n"


def lines(value: Any, indent: str) -> str:
    """Return the text of a JSON value, on one line except for lists of objects, which get one line per object.

    indent: the indentation of the line on which the value begins.
    """
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{one_line(key)}: {lines(item, indent)}" for key, item in value.items()) + "}"
    if not (isinstance(value, list) and any(isinstance(item, Mapping) for item in value)):
        return one_line(value)
    inner = f"{indent}  "
    return "[\n" + ",\n".join(f"{inner}{lines(item, inner)}" for item in value) + f"\n{indent}]"


def one_line(value: Any) -> str:
    """Return a JSON value as strict JSON on one line."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


class NoJson(ValueError):
    """A value that JSON cannot express, and its path in a document."""

    def __init__(self, value: Any, path: Path) -> None:
        super().__init__(f"a document cannot hold {value!r}")
        self.path = path


def json_value(value: Any, path: Path = ()) -> Any:
    """Return a value in JSON's types: mappings as dicts, sequences as lists, numpy's numbers as Python's.

    path: that of the value, for the error. Raises NoJson for a value that JSON cannot express.
    """
    if isinstance(value, Mapping):
        return {str(key): json_value(item, (*path, str(key))) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(item, (*path, index)) for index, item in enumerate(value)]
    if isinstance(value, str) and (half := half_of_a_pair(value)) is not None:
        raise NoJson(half, path)
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real) and math.isfinite(value):
        return float(value)
    raise NoJson(value, path)
