"""How a table is written: what separates its cells, its decimal mark, and whether its first line names the columns."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from graphnn.datasets.table_numbers import NumberFormat, decimal_evidence, is_missing
from graphnn.errors import DataError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.text.suggestions import quoted

if TYPE_CHECKING:
    import _csv

DELIMITERS = ("\t", ";", "|", ",", " ")  # those before a comma win over it, which may be a decimal mark
USUAL = 0.8  # of the lines; where so many have the same number of cells, a few with others are faults
SEPARATOR = re.compile(r"sep=(.)\r?\n?")  # the first line that Excel writes and reads


@frozen_dataclass
class TableFormat:
    """How a table is written; None for what is to be noticed."""

    delimiter: str | None = None
    decimal: str | None = None
    header: bool | None = None


def opening(lines: Sequence[str]) -> tuple[int, str | None]:
    """Return how many lines of comments and blank ones come before a table, and the delimiter that one names."""
    named = SEPARATOR.fullmatch(lines[0]) if lines else None
    count = 0 if named is None else 1
    while count < len(lines) and (not lines[count].strip() or lines[count].lstrip().startswith("#")):
        count += 1
    return count, None if named is None else named[1]


def cells_of(lines: Iterable[str], delimiter: str, *, strict: bool = False) -> "_csv.Reader":
    """Return the rows of cells; blank lines give empty rows. strict: whether wrong quotes raise csv.Error."""
    if delimiter == " ":
        lines = (f"{' '.join(line.split())}\n" for line in lines)
    return csv.reader(lines, delimiter=delimiter, skipinitialspace=delimiter != " ", strict=strict)


def noticed(known: TableFormat, lines: Sequence[str], path: Path, *, named: bool) -> TableFormat:
    """Return the format of a table. lines: its first ones. named: whether a column is asked for by its name.

    Raises DataError where the decimal mark cannot be told.
    """
    delimiter = known.delimiter or delimiter_of(lines)
    try:
        rows = [row for row in cells_of(lines, delimiter) if any(row)]
    except csv.Error as problem:
        raise DataError(f"{path}: {too_long(problem)}") from problem
    decimal = known.decimal or decimal_of(rows, delimiter, path)
    header = known.header
    if header is None:
        header = named or has_header(rows, NumberFormat(decimal))
    return TableFormat(delimiter, decimal, header)


def too_long(problem: csv.Error) -> str:
    """Return the words about an error other than that of quotes: a cell that is longer than Python's csv reads."""
    return (
        f"a cell has more than {csv.field_size_limit():,} characters, as where a quote is not closed, or where cells "
        f"are separated otherwise ({problem})"
    )


def delimiter_of(lines: Sequence[str]) -> str:
    """Return what separates the cells of lines: what gives most of them the same number of cells, more than one.

    The first line, which may have the names, counts as all others do together.
    """
    shares = {}
    for delimiter in DELIMITERS:
        try:
            widths = [len(row) for row in cells_of(lines, delimiter) if any(row)]
        except csv.Error:  # a cell of more characters than may be, as a long line has without its delimiter
            shares[delimiter] = 0.0
            continue
        counts = Counter(widths)
        size, often = max(counts.items(), key=lambda one: (one[1], one[0]), default=(1, 0))
        shares[delimiter] = often / len(widths) / (1 if widths[0] == size else 2) if size > 1 else 0.0
    usual = [delimiter for delimiter, share in shares.items() if share >= USUAL]
    return usual[0] if usual else max(shares, key=lambda one: (shares[one], one == ","))


def decimal_of(rows: Sequence[Sequence[str]], delimiter: str, path: Path) -> str:
    """Return the decimal mark that most numbers show. Raises DataError where none does, and it matters."""
    point, comma, unclear = decimal_evidence(cell for row in rows for cell in row)
    if point or comma or unclear is None:
        return "," if comma > point else "."
    if delimiter == ",":
        return "."  # whoever writes decimal commas takes another delimiter
    digits = unclear.replace(",", "")
    raise DataError(
        f'{path}: {quoted(unclear)} may be {digits} or {unclear.replace(",", ".")}; write "decimal": "." or '
        '"decimal": "," in data'
    )


def has_header(rows: Sequence[Sequence[str]], numbers: NumberFormat) -> bool:
    """Return whether the first row names the columns.

    It holds no number and no name twice; and a column has numbers below it, or no cell of it comes again below. Names
    that count the columns, from 0 or 1, as pandas writes them, are names.
    """
    if not rows:
        return True
    first, others = [cell.strip() for cell in rows[0]], rows[1:]
    if counts_columns(first) and not all(map(counts_columns, others)):
        return True
    if any(numbers.number(cell) is not None for cell in first) or len(set(first)) < len(first):
        return False
    columns = [{cell.strip() for cell in column} for column in zip(*others, strict=False)]
    if any(all(numbers.number(cell) is not None or is_missing(cell) for cell in column) for column in columns):
        return True
    return not any(name in column for name, column in zip(first, columns, strict=False))


def counts_columns(cells: Sequence[str]) -> bool:
    """Return whether cells are 0, 1, 2, … or 1, 2, 3, …, after an empty one where there is a column of row numbers."""
    names = list(cells[1:] if cells and not cells[0] else cells)
    return len(names) > 1 and any(names == [str(start + k) for k in range(len(names))] for start in (0, 1))
