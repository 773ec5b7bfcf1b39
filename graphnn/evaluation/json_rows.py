"""Rows of a table as JSON objects, one a line or in one list, with the cells that a table of text would have."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from graphnn.datasets.table import DataColumn, DataTable
from graphnn.datasets.table_encoding import TableEncoding
from graphnn.datasets.table_format import TableFormat
from graphnn.datasets.table_names import TRAINED_ON, wanted
from graphnn.datasets.table_numbers import NumberFormat
from graphnn.datasets.table_parts import Rows
from graphnn.errors import DataError
from graphnn.evaluation.json_values import NoValue, Numbered, json_values
from graphnn.text.suggestions import quoted


class JsonRows:
    """A table in a stream of JSON. names: of its columns, the keys of the first row. format: as if it were of text.

    path: for messages. Raises DataError where the first row lacks a column.
    """

    format = TableFormat(",", ".", True)
    note: str | None = None

    def __init__(self, stream: io.BufferedIOBase, path: Path, encoding: TableEncoding) -> None:
        self.path, self._values = path, self._flat(json_values(stream, path))
        self._first = next(self._values, [])
        keys = next((list(row) for _, row in self._first if isinstance(row, dict)), None)
        if keys is None:
            problem = next((row.problem for _, row in self._first if isinstance(row, NoValue)), None)
            raise DataError(problem or f"{path}: holds no rows; a row is an object with a value for each column")
        self.names = tuple(keys)
        self._columns = wanted((each.name for each in encoding.columns), keys, self.format, path, TRAINED_ON)

    @staticmethod
    def _flat(parts: Iterator[list[Numbered]]) -> Iterator[list[Numbered]]:
        """Yield the rows of each part, with those of lists of rows one by one."""
        for values in parts:
            rows: list[Numbered] = []
            for number, value in values:
                many = isinstance(value, list)
                rows += [(number + at, each) for at, each in enumerate(value)] if many else [(number, value)]
            yield rows

    def parts(self) -> Iterator[Rows]:
        """Yield the rows that have come, those that have come at a time."""
        if self._first:
            yield self._rows(self._first)
        for values in self._values:
            yield self._rows(values)

    def _rows(self, values: list[Numbered]) -> Rows:
        """Return rows with their cells."""
        cells, problems = list[list[str]](), dict[int, str]()
        for index, (number, row) in enumerate(values):
            problem = self._problem(row, f"{self.path}:{number}")
            if problem is not None:
                problems[index] = problem
            fits = problem is None
            cells.append([cell_of(row.get(name)) if fits else "" for name in self.names])
        columns = {name: DataColumn(name, NumberFormat(".")) for name in self._columns}
        for name, column in columns.items():
            place = self.names.index(name)
            column.add([row[place] for row in cells])
            column.finish()
        lines = np.array([number for number, _ in values], np.int64)
        return Rows(DataTable(self.path, self.names, self.format, columns, lines), cells, problems)

    def _problem(self, row: Any, where: str) -> str | None:
        """Return why a value is no row of the table; None where it is one."""
        if isinstance(row, NoValue):
            return row.problem
        if not isinstance(row, dict):
            return f"{where}: is no object with a value for each column"
        other = next((key for key in row if key not in self.names), None)
        if other is not None:
            return f"{where}: has a key {quoted(other)}, which the first row has not"
        nested = next((key for key, value in row.items() if isinstance(value, list | dict)), None)
        if nested is not None:
            return f"{where}: the value of {quoted(nested)} is a list or an object, where a number or text is needed"
        return None


def cell_of(value: Any) -> str:
    """Return a number, text, truth value or null as the text of a cell; null is a missing one."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value)
