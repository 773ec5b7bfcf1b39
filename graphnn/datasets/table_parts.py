"""A table that is read some rows at a time, so that one of any length takes little memory."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path

import numpy as np

from graphnn.datasets.table import Begun, DataTable, Select, Unnamed, add_rows, begun
from graphnn.datasets.table_format import TableFormat
from graphnn.errors import DataError
from graphnn.frozen_dataclass import frozen_dataclass

PART = 1024  # rows that are read at a time


@frozen_dataclass
class Rows:
    """Some rows of a table: the columns that are read, and the cells of all columns of each row.

    problems: why a row could not be read, by its index; its cells are empty then.
    """

    table: DataTable
    cells: Sequence[Sequence[str]]
    problems: Mapping[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.cells)


class TableParts:
    """A table in a stream of lines. names: of all its columns. format: as noticed. note: what a user should know.

    The arguments are those of `read_table`, and it raises what that raises for what the first lines show.
    """

    def __init__(
        self,
        stream: Iterable[str],
        path: Path,
        known: TableFormat,
        select: Select,
        *,
        named: bool,
        unnamed: Unnamed | None = None,
    ) -> None:
        self.path = path
        self._begun: Begun = begun(stream, path, known, select, named=named, unnamed=unnamed)
        self.names, self.format, self.note = tuple(self._begun.names), self._begun.format, self._begun.note

    def parts(self) -> Iterator[Rows]:
        """Yield the rows, at most PART at a time, at least one in all.

        Raises DataError for the first row that is none of this table, after those before it.
        """
        empty = True
        while part := list(itertools.islice(self._begun.rows, PART)):
            empty = False
            chosen = self._begun.columns()
            add_rows(part, self._begun, chosen, self.path)
            for _, column in chosen:
                column.finish()
            columns = {column.name: column for _, column in chosen}
            lines = np.array([line for line, _ in part], np.int64)
            yield Rows(DataTable(self.path, self.names, self.format, columns, lines), [row for _, row in part])
        if empty:
            raise DataError(f"{self.path}: holds the names of the columns alone, and no rows")
