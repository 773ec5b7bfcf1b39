"""JSON values in a stream: JSON lines, one value a line, or one document, whose list is as many values."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graphnn.errors import DataError
from graphnn.evaluation.standard_input import lines_there_are
from graphnn.text.suggestions import quoted

SUFFIXES = (".json", ".jsonl", ".ndjson")


class NoValue:
    """A line that is no JSON, or of no use. problem: why, after where. whole: whether the line holds a whole value."""

    def __init__(self, problem: str, *, whole: bool = False) -> None:
        self.problem, self.whole = problem, whole


class TwinKeysError(ValueError):
    """An object has a key twice."""


Numbered = tuple[int, Any]  # the number of a line, from 1, and its value, or NoValue


def json_values(stream: io.BufferedIOBase, path: Path) -> Iterator[list[Numbered]]:
    """Yield the values in a stream, those that have come at a time. path: for messages.

    A stream whose first line is a whole value has one on each line. Raises DataError for another that is no JSON.
    """
    number, parts = 0, lines_there_are(stream)
    for lines in parts:
        values: list[Numbered] = []
        for line in lines:
            number += 1
            if not line.strip():
                continue
            value = parsed(line, f"{path}:{number}")
            if isinstance(value, NoValue) and not value.whole and not values and is_first(number, lines):
                yield [(1, document([*lines, *(each for more in parts for each in more)], path))]
                return
            values.append((number, value))
        if values:
            yield values


def is_first(number: int, lines: list[bytes]) -> bool:
    """Whether a line is the first of all that is not blank. lines: of the part with it."""
    return number <= len(lines) and not any(line.strip() for line in lines[: number - 1])


def parsed(line: bytes, where: str) -> Any:
    """Return the value of a line, or NoValue."""
    try:
        return json.loads(line, object_pairs_hook=without_twins)
    except TwinKeysError as problem:
        return NoValue(f"{where}: {problem}", whole=True)
    except (ValueError, RecursionError) as problem:
        return NoValue(f"{where}: is no JSON: {problem}")


def without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the values of an object. Raises TwinKeysError where two have the same key."""
    found = dict(pairs)
    if len(found) < len(pairs):
        known = set[str]()
        for key, _ in pairs:
            if key in known:
                raise TwinKeysError(f"has the key {quoted(key)} twice in one object")
            known.add(key)
    return found


def document(lines: list[bytes], path: Path) -> Any:
    """Return the value of a document. Raises DataError."""
    value = parsed(b"\n".join(lines), str(path))
    if isinstance(value, NoValue):
        raise DataError(value.problem)
    return value
