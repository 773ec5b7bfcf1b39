"""The columns that a document names: by their names, or by their numbers from 1."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from graphnn.datasets.table import column_text
from graphnn.datasets.table_format import TableFormat
from graphnn.document.document import listed
from graphnn.errors import DataError
from graphnn.text.suggestions import did_you_mean, quoted

Reference = str | int
KEYS = ("target", "ignore", "categories")
TRAINED_ON = "the table that the weights were trained on"  # in messages about new rows


def names_meant(
    names: Sequence[str], references: Sequence[Reference], form: TableFormat, path: Path, key: str
) -> list[str]:
    """Return the names of columns that are referred to by name or number. key: of the references in data.

    Raises DataError for what there is not, and for a column that is named twice.
    """
    found: list[str] = []
    for one in references:
        name = name_meant(names, one, form, f"{path}: data.{key}")
        if name in found:
            raise DataError(f"{path}: data.{key} names the column {quoted(name)} twice")
        found.append(name)
    return found


def name_meant(names: Sequence[str], reference: Reference, form: TableFormat, where: str) -> str:
    """Return the name of the column that is referred to. Raises DataError where there is none."""
    if isinstance(reference, int):
        if not 1 <= reference <= len(names):
            raise DataError(f"{where} is column {reference}, but the columns are 1…{len(names)}")
        return names[reference - 1]
    if not form.header:
        number = "" if reference in names else f" of 1…{len(names)}"
        raise DataError(
            f"{where} is {quoted(reference)}, but this table does not name its columns; write the number of the "
            f"column{number}, without quotes"
        )
    if reference in names:
        return reference
    meant = did_you_mean(reference, names)
    known = listed([quoted(name) for name in names])
    advice = ""
    if not meant and any(number_like(name) for name in names):
        advice = '; for a table without names write "header": false, and columns by their numbers'
    raise DataError(
        f"{where}: there is no column {quoted(reference)}{meant or ';'} {'The' if meant else 'the'} columns are "
        f"{known}{advice}"
    )


def number_like(name: str) -> bool:
    """Return whether a name of a column is a number, as where the first line is a row like the others."""
    try:
        float(name.replace(",", "."))
    except ValueError:
        return False
    return True


def selected(names: Sequence[str], settings: Mapping[str, Any], form: TableFormat, path: Path) -> list[str]:
    """Return the names of the columns to read: all but those to ignore.

    Raises DataError for settings that contradict each other.
    """
    meant = {key: names_meant(names, references(settings.get(key)), form, path, key) for key in KEYS}
    for key, other in (("target", "ignore"), ("categories", "ignore"), ("target", "categories")):
        both = next((name for name in meant[key] if name in meant[other]), None)
        if both is not None:
            raise DataError(f"{path}: the column {quoted(both)} is in data.{key} and in data.{other}; take one out")
    return [name for name in names if name not in meant["ignore"]]


def wanted(columns: Iterable[str], names: Sequence[str], form: TableFormat, path: Path, source: str) -> list[str]:
    """Return the columns, all of which a table has to have. source: what has them, for the message."""
    found, there = list(columns), set(names)
    for name in found:
        if name not in there:
            others = [each for each in names if each not in found]
            column = column_text(name, header=bool(form.header))
            meant = did_you_mean(name, others)
            if not meant and form.header and any(map(number_like, names)):
                meant = f"; the first line should name the columns, and begins with {quoted(names[0])}"
            raise DataError(f"{path}: there is no {column}, which {source} has{meant}")
    return found


def references(value: Any) -> Sequence[Reference]:
    """Return the columns that a setting names: one, several, or none."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str | int) else tuple(value)
