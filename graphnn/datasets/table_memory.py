"""How much memory a table takes, estimated from its first lines and the size of its file, before it is read."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from graphnn.datasets.table_format import cells_of, delimiter_of, opening
from graphnn.datasets.table_text import open_text
from graphnn.errors import DataError
from graphnn.machine.memory import shortage
from graphnn.text.numbers import bytes_text

SAMPLE = 1000  # lines
WIDE = 8  # bytes of a number
NARROW = 4  # bytes of a feature as it is kept
READING = 3 * WIDE + NARROW  # bytes of a cell: as it is read, as a feature, and what converting takes beside them


def check_memory(path: Path, lines: Sequence[str], columns: int) -> None:
    """Raise DataError where reading the columns of a table takes more memory than there is. lines: its first ones."""
    rows = estimated_rows(path, lines)
    refuse_more(rows * columns * READING, f"{path}: about {rows:,} rows of {columns} columns")


def check_features(path: Path, rows: int, features: int) -> None:
    """Raise DataError where the features that columns have become take more memory than there is."""
    refuse_more(rows * features * (WIDE + NARROW), f"{path}: {rows:,} rows of {features:,} features")


def refuse_more(needed: int, what: str) -> None:
    """Raise DataError where so many bytes are more than there is. what: takes them."""
    there = shortage(needed)
    if there is not None:
        raise DataError(
            f"{what} take {bytes_text(needed)} to read, but {there}; leave columns out by data.ignore, or train on a "
            "part of the rows"
        )


def estimated_rows(path: Path, lines: Sequence[str]) -> int:
    """Return about how many rows a file has, from its first lines."""
    read = sum(len(line.encode()) for line in lines)
    return round(path.stat().st_size * len(lines) / read) if read else len(lines)


def size_of(path: Path) -> tuple[int, int]:
    """Return about how many rows, and how many columns, a table has. Raises DataError and OSError."""
    stream, _ = open_text(path)
    with stream:
        lines = list(islice(stream, SAMPLE))
    skipped, delimiter = opening(lines)
    table = lines[skipped:]
    widths = [len(row) for row in cells_of(table, delimiter or delimiter_of(table)) if any(row)]
    return estimated_rows(path, lines), max(widths, default=0)
