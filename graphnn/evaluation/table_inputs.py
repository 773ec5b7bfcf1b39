"""New rows for a network that was trained on a table: read as that table was, whether or not they have answers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from graphnn.datasets.table import DataTable, read_table
from graphnn.datasets.table_encoding import TableEncoding
from graphnn.datasets.table_format import TableFormat
from graphnn.datasets.table_names import wanted
from graphnn.document.document import listed
from graphnn.errors import DataError
from graphnn.pictures.opening import SUFFIXES
from graphnn.text.suggestions import quoted

OTHERS = (".npy", *SUFFIXES)  # of files that are no tables


def is_table(path: Path) -> bool:
    """Return whether a file is read as a table, by its name."""
    return path.suffix.lower() not in OTHERS


def read_rows(path: Path, encoding: TableEncoding, settings: Mapping[str, Any]) -> DataTable:
    """Return the table in a file. settings: those of the document's data, which may say how tables are written.

    Raises DataError where it lacks a column, OSError where it cannot be read.
    """
    form = TableFormat(settings.get("delimiter"), settings.get("decimal"), encoding.header)
    columns = [column.name for column in encoding.columns]

    def select(names: Sequence[str], found: TableFormat) -> Sequence[str]:
        return wanted(columns, names, found, path, "the table that the weights were trained on")

    def unnamed(count: int) -> Sequence[str]:
        without = [name for name in encoding.names if name not in encoding.targets]
        for names in (encoding.names, without):
            if count == len(names):
                return names
        raise DataError(
            f"{path}: has {count} columns, but the table that the weights were trained on {len(encoding.names)}, or "
            f"{len(without)} without the answers"
        )

    return read_table(path, form, select, named=encoding.header, unnamed=unnamed)


def other_columns_note(table: DataTable, encoding: TableEncoding) -> str | None:
    """Return a sentence where a table has columns that the one of the training had not."""
    known = {*(column.name for column in encoding.columns), *encoding.targets, *encoding.ignored}
    others = [quoted(name) for name in table.names if name not in known] if encoding.header else []
    if not others:
        return None
    return f"{table.path}: the weights know nothing of the columns {listed(others)}, which play no part"
