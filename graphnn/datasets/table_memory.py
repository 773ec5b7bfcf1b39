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
WIDE = 8  # bytes of a number as it is read, and again as a feature
NARROW = 4  # bytes of a feature as it is kept


def check_memory(path: Path, lines: Sequence[str], columns: int) -> None:
    """Raise DataError where reading the columns of a table takes more memory than there is. lines: its first ones."""
    rows = estimated_rows(path, lines)
    needed = rows * columns * (2 * WIDE + NARROW)
    there = shortage(needed)
    if there is not None:
        raise DataError(
            f"{path}: about {rows:,} rows of {columns} columns take {bytes_text(needed)} to read, but {there}; leave "
            "columns out by data.ignore, or train on a part of the rows"
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
