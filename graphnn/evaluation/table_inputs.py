"""New rows for a network that was trained on a table: read as that table was, whether or not they have answers."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from graphnn.datasets.table_encoding import TableEncoding
from graphnn.datasets.table_features import encoded, missing_text
from graphnn.datasets.table_format import TableFormat
from graphnn.datasets.table_names import TRAINED_ON, wanted
from graphnn.datasets.table_parts import Rows, TableParts
from graphnn.document.document import listed
from graphnn.errors import DataError
from graphnn.evaluation.json_rows import JsonRows
from graphnn.pictures.opening import SUFFIXES
from graphnn.text.suggestions import quoted
from graphnn.types import Array

OTHERS = (".npy", *SUFFIXES)  # of files that are no tables


def is_table(path: Path) -> bool:
    """Return whether a file is read as a table, by its name."""
    return path.suffix.lower() not in OTHERS


def new_rows(stream: Iterable[str], path: Path, encoding: TableEncoding, settings: Mapping[str, Any]) -> TableParts:
    """Return the table in a stream of lines. settings: those of the document's data, which may say how it is written.

    path: for messages. Raises DataError where it lacks a column.
    """
    form = TableFormat(settings.get("delimiter"), settings.get("decimal"), encoding.header)
    columns = [column.name for column in encoding.columns]

    def select(names: Sequence[str], found: TableFormat) -> Sequence[str]:
        return wanted(columns, names, found, path, TRAINED_ON)

    def unnamed(count: int) -> Sequence[str]:
        without = [name for name in encoding.names if name not in encoding.targets]
        for names in (encoding.names, without):
            if count == len(names):
                return names
        raise DataError(
            f"{path}: has {count} columns, but {TRAINED_ON} {len(encoding.names)}, or "
            f"{len(without)} without the answers"
        )

    return TableParts(stream, path, form, select, named=encoding.header, unnamed=unnamed)


def inputs_and_problems(encoding: TableEncoding, rows: Rows) -> tuple[Array, dict[int, str]]:
    """Return the features of all rows, N×F, and of each row that the encoding cannot take, why, by its index.

    The features of such a row mean nothing.
    """
    x, faults, missing = encoded(encoding, rows.table)
    problems: dict[int, list[str]] = {}
    lacking: dict[int, dict[str, Array]] = {}
    for name, indices in missing.items():
        for row in indices.tolist():
            lacking.setdefault(row, {})[name] = np.array([row])
    for row, names in lacking.items():
        problems[row] = [missing_text(rows.table, names, trained=True)]
    for fault in faults:
        for row in fault.rows.tolist():
            problems.setdefault(row, []).append(fault.text(np.array([row])))
    found = {row: "\n".join(texts) for row, texts in problems.items()} | dict(rows.problems)
    return x, dict(sorted(found.items()))


def other_columns_note(table: TableParts | JsonRows, encoding: TableEncoding) -> str | None:
    """Return a sentence where a table has columns that the one of the training had not."""
    known = {*(column.name for column in encoding.columns), *encoding.targets, *encoding.ignored}
    others = [quoted(name) for name in table.names if name not in known] if encoding.header else []
    if not others:
        return None
    return f"{table.path}: the weights know nothing of the columns {listed(others)}, which play no part"
