"""JSON lines: each item of a report's data as JSON on a line of its own, as programs read them one by one."""

import json
import math
from typing import Any

from graphnn.reports.renderers.json import string
from graphnn.reports.report import Report

QUICK = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


def render(report: Report, width: int | None, colour: bool = False) -> str:
    """Return a line for each item of a list, or one line for other data; width and colour are ignored.

    A number that is not finite becomes null, because JSON has no such number.
    """
    items = report.data if isinstance(report.data, list) else [report.data]
    return "".join(f"{line(item)}\n" for item in items)


def next_part(report: Report, width: int | None, colour: bool = False, *, first: bool) -> str:
    """Return the lines of one of several reports."""
    return render(report, width, colour)


def ending(empty: bool) -> str:
    """Return what comes after the last part: nothing."""
    return ""


def line(value: Any) -> str:
    """Return a value as JSON in one line."""
    try:
        text = QUICK.encode(value)
    except ValueError:  # a number that is not finite
        return written(value)
    return text if text.isprintable() else written(value)


def written(value: Any) -> str:
    """Return any value as JSON, a number that is not finite as null, with escapes for what a terminal would obey."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{string(str(key))}: {written(item)}' for key, item in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(written, value))}]"
    if isinstance(value, float) and not math.isfinite(value):
        return "null"
    return string(value) if isinstance(value, str) else json.dumps(value, allow_nan=False)
