"""Rows of a table as JSON objects, read as the table of the training was."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from graphnn.datasets.table import DataColumn, DataTable
from graphnn.datasets.table_encoding import TableEncoding
from graphnn.datasets.table_features import inputs_of
from graphnn.datasets.table_format import TableFormat
from graphnn.datasets.table_names import TRAINED_ON, wanted
from graphnn.datasets.table_numbers import NumberFormat
from graphnn.evaluation.json_rows import cell_of
from graphnn.runs.trained import Trained
from graphnn.serving.problems import unsuitable
from graphnn.text.suggestions import did_you_mean, quoted
from graphnn.types import Array

ROW = Path("row")


def are_rows(values: Any) -> bool:
    """Whether values are a row, or a list of rows."""
    return isinstance(values, dict) or (isinstance(values, list) and bool(values) and isinstance(values[0], dict))


def table_of(rows: Sequence[Any], encoding: TableEncoding) -> DataTable:
    """Return rows as a table with the columns that the network needs; they are numbered from 1 in messages.

    Raises DataError for a column that a row lacks, RequestProblem for what is no row, or a key that is no column.
    """
    form = TableFormat(",", ".", encoding.header)
    columns = [column.name for column in encoding.columns]
    known = {*columns, *encoding.targets, *encoding.ignored}
    for number, row in enumerate(rows, 1):
        place = Path(f"{ROW}:{number}")
        if not isinstance(row, dict):
            raise unsuitable(f"{place}: is no object with the columns of the table")
        wanted(columns, list(row), form, place, TRAINED_ON)
        other = next((key for key in row if key not in known), None)
        if other is not None:
            raise unsuitable(f"{place}: {TRAINED_ON} has no column {quoted(other)}{did_you_mean(other, columns)}")
    numbers, found = NumberFormat("."), dict[str, DataColumn]()
    for name in columns:
        column = DataColumn(name, numbers)
        column.add([cell(row[name], f"{ROW}:{number}: column {quoted(name)}") for number, row in enumerate(rows, 1)])
        column.finish()
        found[name] = column
    lines = np.arange(1, len(rows) + 1)
    return DataTable(ROW, tuple(columns), form, found, lines)


def cell(value: Any, where: str) -> str:
    """Return a value of JSON as the text of a cell; null is a missing one. Raises RequestProblem for anything else."""
    if isinstance(value, list | dict):
        raise unsuitable(f"{where}: is a list or an object, where a number or text is needed")
    return cell_of(value)


def features_of(table: DataTable, encoding: TableEncoding, trained: Trained) -> Array:
    """Return the features of a table's rows, N×F, in the type of the training inputs."""
    return inputs_of(encoding, table, trained=True).astype(trained.input_dtype)


def row_answer(line: int, row: Any, predictions: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer about a row, in the keys of `predict --format json`."""
    return {"line": line, "row": row, "predictions": dict(predictions)}
