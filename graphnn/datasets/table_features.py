"""The features of a table's rows, by its encoding, and what is said of cells that the encoding cannot take."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import numpy as np

from graphnn.datasets.precision import SINGLE
from graphnn.datasets.table import DataTable, column_text
from graphnn.datasets.table_encoding import (
    BOOLEAN,
    CATEGORIES,
    REFUSE,
    ColumnEncoding,
    TableEncoding,
    mark_of,
    more_text,
    numbers_of,
)
from graphnn.document.document import listed
from graphnn.errors import DataError
from graphnn.text.suggestions import did_you_mean, quoted
from graphnn.types import Array

SHOWN = 8  # problems of one table


def inputs_of(
    encoding: TableEncoding, table: DataTable, chosen: Array | None = None, *, trained: bool = False
) -> Array:
    """Return the features of the chosen rows of a table, by default all: float64, N×F.

    trained: whether the encoding is that of trained weights, which the document no longer changes.
    Raises DataError with the cells that the encoding cannot take: missing ones, no numbers, unknown categories.
    """
    x, faults, missing = encoded(encoding, table, chosen)
    problems = [fault.text(fault.rows) for fault in faults]
    if missing:
        problems.insert(0, missing_text(table, missing, trained=trained))
    if problems:
        more = len(problems) - SHOWN
        columns = "1 more column" if more == 1 else f"{more:,} more columns"
        raise DataError(*problems[:SHOWN], *([f"{table.path}: and {columns} with faults"] if more > 0 else []))
    return x


class Fault(NamedTuple):
    """Cells of one column that the encoding cannot take. rows: theirs. text: the message about some of them."""

    rows: Array
    text: Callable[[Array], str]


def encoded(
    encoding: TableEncoding, table: DataTable, chosen: Array | None = None
) -> tuple[Array, list[Fault], dict[str, Array]]:
    """Return the features of rows as `inputs_of`, their faults, and the rows of the table that lack a value, by column.

    The features of rows with faults mean nothing.
    """
    count = len(table) if chosen is None else len(chosen)
    x, start, faults = np.zeros((count, len(encoding.features))), 0, list[Fault]()
    missing: dict[str, Array] = {}
    for one in encoding.columns:
        column = table.columns[one.name]
        absent = column.missing if chosen is None else column.missing[chosen]
        if absent.any() and encoding.missing == REFUSE:
            missing[one.name] = np.flatnonzero(column.missing)
        if one.kind == CATEGORIES:
            faults += fill_categories(x[:, start : start + one.size], one, table, chosen)
        else:
            values = numbers_of(one, column)
            values = values if chosen is None else values[chosen]
            suits = np.isin(values, (0, 1)) if one.kind == BOOLEAN else ~np.isnan(values)
            wrong = np.flatnonzero(~suits & ~absent)
            if wrong.size:
                faults.append(Fault(wrong if chosen is None else chosen[wrong], partial(no_number, one, table)))
            large = too_large(values)
            if large.size:
                rows = large if chosen is None else chosen[large]
                faults.append(Fault(rows, partial(too_large_text, table, one.name)))
            x[:, start] = np.where(absent, one.mean or 0.0, values) if absent.any() else values
        start += one.size
    return x, faults, missing


def fill_categories(x: Array, encoding: ColumnEncoding, table: DataTable, chosen: Array | None) -> list[Fault]:
    """Write 1 for the category of each row into N×K zeros, and return a fault where one is unknown."""
    names, ranks = table.columns[encoding.name].labels()
    ranks = ranks if chosen is None else ranks[chosen]
    known = {category: index for index, category in enumerate(encoding.categories)}
    places = np.array([*(known.get(name, -1) for name in names), -1])
    found = places[ranks]
    unknown = np.flatnonzero((found < 0) & (ranks >= 0))
    there = np.flatnonzero(found >= 0)
    x[there, found[there]] = 1
    rows = unknown if chosen is None else chosen[unknown]
    return [Fault(rows, partial(unknown_category, encoding, table))] if unknown.size else []


def unknown_category(encoding: ColumnEncoding, table: DataTable, rows: Array) -> str:
    """Return the message about cells that are no category. rows: theirs."""
    name = table.columns[encoding.name].text(int(rows[0]))
    meant = did_you_mean(name, encoding.categories)
    known = f"{meant or ';'} {'Known' if meant else 'known'}: {listed(encoding.categories)}"
    return f"{table.at(int(rows[0]), encoding.name)}: {quoted(name)} is no category of the training table{known}"


def no_number(encoding: ColumnEncoding, table: DataTable, wrong: Array) -> str:
    """Return the message about cells that are no numbers. wrong: their rows."""
    cell = table.columns[encoding.name].text(int(wrong[0]))
    what = "true or false" if encoding.kind == BOOLEAN else f"a number with a decimal {mark_of(table)}"
    return f"{table.at(int(wrong[0]), encoding.name)}: {quoted(cell)} is not {what}{more_text(wrong)}"


def too_large(values: Array) -> Array:
    """Return the indices of numbers that float32, in which networks compute, cannot hold."""
    return np.flatnonzero(np.abs(values) > SINGLE.max)


def too_large_text(table: DataTable, name: str, rows: Array) -> str:
    """Return the message about numbers that are too large. rows: theirs."""
    value = f"{table.columns[name].values[rows[0]]:g} is not a finite float32, whose range is ±{SINGLE.max:.2g}"
    return f"{table.at(int(rows[0]), name)}: {value}{more_text(rows)}"


def missing_text(table: DataTable, missing: Mapping[str, Array], *, trained: bool) -> str:
    """Return the message about missing values. missing: the rows that lack one, by column. trained: as above."""
    name, row = min(((name, int(rows[0])) for name, rows in missing.items()), key=lambda one: one[1])
    cell = table.columns[name].text(row)
    what = f"{quoted(cell)} stands for no value" if cell else "the cell is empty"
    total = sum(len(rows) for rows in missing.values())
    header = bool(table.format.header)
    columns = listed([column_text(one, header=header).removeprefix("column ") for one in missing])
    all_text = f"; {total:,} values of the column are missing" if total > 1 else ""
    if len(missing) > 1:
        all_text = f"; in all {total:,} values of {len(missing)} columns are missing: {columns}"
    how = "The weights were trained to refuse such: train again with" if trained else "Write"
    where = "" if trained else " in data"
    return (
        f'{table.at(row, name)}: {what}{all_text}. {how} "missing": "mean"{where} to put the mean of the training '
        "part there, or take the rows out"
    )
