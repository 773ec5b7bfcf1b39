"""Writes a table as text, whole or not at all."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from graphnn.errors import WeightsError
from graphnn.storage.replacing import replacing


def save_table(
    path: Path, names: Sequence[str], rows: Iterable[Sequence[str | float | None]], *, delimiter: str, decimal: str
) -> None:
    """Write the names of the columns and the rows; numbers have the seven digits of float32, None is an empty cell.

    Raises WeightsError where the file cannot be written.
    """
    try:
        with replacing(path) as file:
            text = io.TextIOWrapper(file, "utf-8", newline="")
            writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
            writer.writerow(names)
            writer.writerows([cell_text(cell, decimal) for cell in row] for row in rows)
            text.flush()
            text.detach()
    except OSError as problem:
        raise WeightsError(f"{path}: cannot be written: {problem.strerror}") from problem


def cell_text(cell: str | float | None, decimal: str) -> str:
    """Return the text of a cell."""
    if isinstance(cell, float):
        return f"{cell:.7g}".replace(".", decimal)
    return cell or ""
