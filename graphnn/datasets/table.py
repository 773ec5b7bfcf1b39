"""Reads a table of text into columns: their numbers, and codes of cells that are none."""

import csv
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from graphnn.datasets.table_format import TableFormat, cells_of, noticed, opening, too_long
from graphnn.datasets.table_memory import check_memory
from graphnn.datasets.table_numbers import NumberFormat, is_missing, number_text
from graphnn.datasets.table_text import open_text
from graphnn.document.document import listed
from graphnn.errors import DataError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.text.suggestions import quoted
from graphnn.types import Array

NOTICED = 1000  # lines from which the format is noticed
CHUNK = 4096  # rows that are converted at a time
LIMIT = "field limit"  # of csv, in its message
MOST_TEXTS = 100_000  # different ones in a column; names and comments have more

Cells = Sequence[str]
Rows = Iterator[tuple[int, list[str]]]  # with the number of the line that each begins on


class DataColumn:
    """The cells of a column. texts: those that are no numbers, in the order of their codes.

    values: float64, NaN for a text. codes: int32 of each row's text, −1 for a number; None where all are numbers.
    """

    def __init__(self, name: str, numbers: NumberFormat) -> None:
        self.name, self.texts = name, dict[str, int]()
        self._numbers, self._parts = numbers, list[tuple[Array, Array | None]]()
        self.values: Array = np.empty(0)
        self.codes: Array | None = None

    def add(self, cells: Cells) -> None:
        """Add cells. Raises DataError where there are too many different texts."""
        values = self._numbers.numbers(cells)
        if values is not None:
            self._parts.append((values, None))
            return
        values, codes = np.full(len(cells), np.nan), np.full(len(cells), -1, np.int32)
        for row, cell in enumerate(cells):
            text = cell.strip()
            code = self.texts.get(text)
            if code is None:
                value = self._numbers.number(text)
                if value is not None:
                    values[row] = value
                    continue
                code = self.texts[text] = len(self.texts)
            codes[row] = code
        self._parts.append((values, codes))
        if len(self.texts) > MOST_TEXTS:
            raise DataError(f"more than {MOST_TEXTS:,} different texts, such as {quoted(next(iter(self.texts)))}")

    def finish(self) -> None:
        """Join what was added."""
        self.values = np.concatenate([values for values, _ in self._parts])
        if any(codes is not None for _, codes in self._parts):
            none = [np.full(len(values), -1, np.int32) if codes is None else codes for values, codes in self._parts]
            self.codes = np.concatenate(none)
        self._parts = []

    def __len__(self) -> int:
        return len(self.values)

    @property
    def missing(self) -> Array:
        """Whether each cell stands for a missing value."""
        if self.codes is None:
            return np.zeros(len(self), bool)
        markers = np.array([is_missing(text) for text in self.texts] + [False])  # the last is that of code −1
        return markers[self.codes]

    def labels(self) -> tuple[list[str], Array]:
        """Return the different cells as names, numbers in their order before texts in theirs, and that of each row.

        Rows without a value have −1.
        """
        missing = self.missing
        numbers = ~missing if self.codes is None else self.codes < 0
        found, ranks = np.unique(self.values[numbers], return_inverse=True)
        names = [number_text(value) for value in found.tolist()]
        rows = np.full(len(self), -1, np.int64)
        rows[numbers] = ranks
        if self.codes is not None:
            seen = np.bincount(self.codes[~numbers & ~missing], minlength=len(self.texts)) > 0
            texts = sorted(text for text, code in self.texts.items() if seen[code])
            order = np.full(len(self.texts) + 1, -1)
            order[[self.texts[text] for text in texts]] = np.arange(len(names), len(names) + len(texts))
            rows[~numbers] = order[self.codes[~numbers]]
            names += texts
        return names, rows

    def text(self, row: int) -> str:
        """Return the text of a row's cell."""
        if self.codes is None or self.codes[row] < 0:
            return number_text(float(self.values[row]))
        return list(self.texts)[int(self.codes[row])]


@frozen_dataclass
class DataTable:
    """A table as read. names: of all its columns, in order. columns: those that were read, by name.

    lines: the line on which each row begins. format: as noticed. notes: what a user should know.
    """

    path: Path
    names: tuple[str, ...]
    format: TableFormat
    columns: Mapping[str, DataColumn]
    lines: Array
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.lines)

    def said(self, name: str) -> str:
        """Return a column's name in messages: column "age", or column 3 of a table without names."""
        return column_text(name, header=bool(self.format.header))

    def at(self, row: int, name: str) -> str:
        """Return where a cell stands: iris.csv:17: column "age"."""
        return f"{self.path}:{self.lines[row]}: {self.said(name)}"


def column_text(name: str, *, header: bool) -> str:
    """Return a column's name in messages: column "age", or column 3 where columns are only numbered."""
    return f"column {quoted(name)}" if header else f"column {name}"


Select = Callable[[Sequence[str], TableFormat], Sequence[str]]
Unnamed = Callable[[int], Sequence[str]]


def read_table(
    path: Path, known: TableFormat, select: Select, *, named: bool, unnamed: Unnamed | None = None
) -> DataTable:
    """Return the table in a file. known: what is said of its format. named: whether columns are asked for by name.

    select: given the names of the columns and the format, returns those to read. unnamed: given how many columns there
    are without names, returns what to call them, by default their numbers from 1. Raises DataError for the first fault,
    with its line, OSError where the file cannot be read.
    """
    stream, guessed = open_text(path)
    with stream:
        table = begun(stream, path, known, select, named=named, unnamed=unnamed)
        check_memory(path, table.head, len(table.wanted))
        chosen = table.columns()
        lines = read_columns(table, chosen, path)
    if not len(lines):
        raise DataError(f"{path}: holds the names of the columns alone, and no rows")
    columns = {column.name: column for _, column in chosen}
    notes = tuple(filter(None, (guessed, table.note)))
    return DataTable(path, tuple(table.names), table.format, columns, lines, notes)


@frozen_dataclass
class Begun:
    """A table of which the beginning has been read. names: of all columns. wanted: of those to read.

    header: the row of names, which must not come again; None where there is none. rows: all others. head: the first
    lines. note: what a user should know.
    """

    names: Sequence[str]
    format: TableFormat
    wanted: Sequence[str]
    header: Cells | None
    rows: Rows
    head: Sequence[str]
    note: str | None

    def columns(self) -> list[tuple[int, DataColumn]]:
        """Return empty columns to read into, each with its index among all."""
        places, numbers = (
            {name: index for index, name in enumerate(self.names)},
            NumberFormat(self.format.decimal or "."),
        )
        return [(places[name], DataColumn(name, numbers)) for name in self.wanted]


def begun(
    stream: Iterable[str], path: Path, known: TableFormat, select: Select, *, named: bool, unnamed: Unnamed | None
) -> Begun:
    """Return the table in a stream of lines, with its format noticed. The arguments are those of `read_table`."""
    lines = iter(stream)
    head = list(itertools.islice(lines, NOTICED))
    skipped, delimiter = opening(head)
    if delimiter is not None and known.delimiter is None:
        known = TableFormat(delimiter, known.decimal, known.header)
    if skipped == len(head):
        raise DataError(f"{path}: holds no table, only {'blank lines' if not ''.join(head).strip() else 'comments'}")
    form = noticed(known, head[skipped:], path, named=named)
    rows = rows_of(itertools.chain(head[skipped:], lines), form, path, skipped)
    first, cells = next(rows, (0, []))
    if not cells:
        raise DataError(f"{path}: holds no table, only blank lines")
    names = names_of(cells, form, path, first) if form.header or unnamed is None else list(unnamed(len(cells)))
    if not form.header:
        rows = itertools.chain([(first, cells)], rows)
    header = [name.strip() for name in cells] if form.header else None
    note = None if form.header else comment_note(path, head[:skipped], len(names), form)
    return Begun(names, form, select(names, form), header, rows, head, note)


def comment_note(path: Path, skipped: Sequence[str], width: int, form: TableFormat) -> str | None:
    """Return a sentence where the last of the comments before a table seems to name its columns, `width` of them."""
    line = max((number for number, text in enumerate(skipped, 1) if text.lstrip().startswith("#")), default=0)
    if not line or width < 2:
        return None
    if len(next(cells_of([skipped[line - 1].lstrip("# ")], form.delimiter or ","), ())) != width:
        return None
    return f"{path}:{line}: begins with # and is passed over; if it names the columns, take the # away"


def rows_of(lines: Iterator[str], form: TableFormat, path: Path, skipped: int) -> Rows:
    """Yield the rows that have a cell with something in it, with the lines they begin on. skipped: lines before."""
    reader = cells_of(lines, form.delimiter or ",", strict=True)
    start = skipped + 1
    try:
        for row in reader:
            if any(row):
                yield start, row
            start = skipped + reader.line_num + 1
    except csv.Error as problem:
        reason = f"a cell that begins with a quote must end with one, and quotes inside it are doubled ({problem})"
        raise DataError(f"{path}:{start}: {too_long(problem) if LIMIT in str(problem) else reason}") from problem


def names_of(cells: Cells, form: TableFormat, path: Path, line: int) -> list[str]:
    """Return the names of the columns: those in the first row, and numbers from 1 for columns without one.

    Raises DataError for a name that two columns have.
    """
    if not form.header:
        return [str(number) for number in range(1, len(cells) + 1)]
    names = [cell.strip() or f"column {number}" for number, cell in enumerate(cells, 1)]
    known = dict[str, int]()
    for number, name in enumerate(names, 1):
        first = known.setdefault(name, number)
        if first < number:
            raise DataError(f"{path}:{line}: columns {first} and {number} are both called {quoted(name)}; rename one")
    return names


def read_columns(table: Begun, chosen: Sequence[tuple[int, DataColumn]], path: Path) -> Array:
    """Read all rows into the chosen columns, each with its index, and return the line of each row. Raises DataError."""
    lines = list[Array]()
    while part := list(itertools.islice(table.rows, CHUNK)):
        add_rows(part, table, chosen, path)
        lines.append(np.array([line for line, _ in part], np.int64))
    for _, column in chosen:
        if lines:
            column.finish()
    return np.concatenate(lines) if lines else np.empty(0, np.int64)


def add_rows(
    part: Sequence[tuple[int, list[str]]], table: Begun, chosen: Sequence[tuple[int, DataColumn]], path: Path
) -> None:
    """Add rows to the chosen columns. Raises DataError."""
    width, header = len(table.names), table.header
    for line, row in part:
        if len(row) != width:
            raise DataError(ragged(path, line, row, width, table.format))
        if header is not None and row[0].strip() == header[0] and [cell.strip() for cell in row] == header:
            raise DataError(
                f"{path}:{line}: repeats the names of the columns, as where two tables were joined; take this line out"
            )
    cells = list(zip(*(row for _, row in part), strict=True))
    for index, column in chosen:
        try:
            column.add(cells[index])
        except DataError as error:
            name = column_text(column.name, header=header is not None)
            ref = quoted(column.name) if header is not None else column.name
            raise DataError(f'{path}: {name} has {error}; leave it out: "ignore": [{ref}]') from error


def ragged(path: Path, line: int, row: Cells, width: int, form: TableFormat) -> str:
    """Return the message about a row with another number of cells than there are columns."""
    count = "1 cell" if len(row) == 1 else f"{len(row)} cells"
    columns = "1 column" if width == 1 else f"{width} columns"
    delimiter = form.delimiter or ","
    marks = {"\t": "tabs", " ": "blanks"}.get(delimiter, quoted(delimiter))
    text = f"{path}:{line}: has {count}, but the table {columns}, separated by {marks}"
    if len(row) > width:
        cells = listed([quoted(cell) for cell in row], 4)
        return f"{text}; a cell with {quoted(delimiter)} in it has to stand in quotes: {cells}"
    return text
