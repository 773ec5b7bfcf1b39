"""JSON: the data of a report."""

import json
import math
from typing import Any

from graphnn.reports.report import Report
from graphnn.text.visible import unseen

ITEM = "\n  "  # before each item of a list of objects


def render(report: Report, width: int | None, colour: bool = False) -> str:
    """Return the data as indented text, a list of plain values on one line; width and colour are ignored.

    A number that is not finite becomes null, because JSON has no such number.
    """
    return json_value(report.data, "\n") + "\n"


def next_part(report: Report, width: int | None, colour: bool = False, *, first: bool) -> str:
    """Return the items of one of several reports, whose data are lists, for one list of all; not its end."""
    items = f",{ITEM}".join(json_value(item, ITEM) for item in report.data)
    return f"{'[' if first else ','}{ITEM}{items}" if items else ""


def ending(empty: bool) -> str:
    """Return the end of the list. empty: whether it had no part."""
    return "[]\n" if empty else "\n]\n"


def json_value(value: Any, line_break: str) -> str:
    """Return one value; line_break: a line break and the indentation of the object or list around it."""
    inner = line_break + "  "
    if isinstance(value, dict) and value:
        named = ((string(str(key)), item) for key, item in value.items())
        items = (f"{name}: {json_value(item, inner)}" for name, item in named)
        return f"{{{inner}{f',{inner}'.join(items)}{line_break}}}"
    if isinstance(value, list | tuple) and any(isinstance(item, dict | list | tuple) for item in value):
        return f"[{inner}{f',{inner}'.join(json_value(item, inner) for item in value)}{line_break}]"
    if isinstance(value, list | tuple):
        return f"[{', '.join(json_value(item, inner) for item in value)}]"
    if isinstance(value, float) and not math.isfinite(value):
        return "null"
    if isinstance(value, float):
        return repr(value) if type(value) is float else json.dumps(value)
    return string(value) if isinstance(value, str) else json.dumps(value, allow_nan=False)


def string(text: str) -> str:
    """Return a text in quotes, with escapes for what a terminal would obey or could not show."""
    quoted = json.dumps(text, ensure_ascii=False)
    return quoted if quoted.isprintable() else "".join(json.dumps(one)[1:-1] if unseen(one) else one for one in quoted)
