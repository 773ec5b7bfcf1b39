"""A table as text: its cells separated by a mark, quoted where needed, with numbers of seven digits."""

import csv
import io
from collections.abc import Iterable, Sequence


def delimited(rows: Iterable[Sequence[str | float | None]], *, delimiter: str, decimal: str) -> str:
    """Return the lines of rows; numbers have the seven digits of float32, None is an empty cell."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerows([cell_text(cell, decimal) for cell in row] for row in rows)
    return text.getvalue()


def cell_text(cell: str | float | None, decimal: str) -> str:
    """Return the text of a cell."""
    if isinstance(cell, float):
        return f"{cell:.7g}".replace(".", decimal)
    return cell or ""
