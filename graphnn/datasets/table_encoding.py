"""How the columns of a table become features; it is settled by the training table, and travels with the weights."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property, partial
from typing import Any, NamedTuple, Self

import numpy as np

from graphnn.datasets.precision import SINGLE
from graphnn.datasets.table import DataColumn, DataTable, column_text
from graphnn.document.document import listed
from graphnn.errors import DataError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.storage.json_checks import keys, number, or_null, rows, text
from graphnn.text.suggestions import did_you_mean, quoted
from graphnn.types import Array

NUMBER, BOOLEAN, CATEGORIES = "number", "boolean", "categories"
REFUSE, MEAN = "refuse", "mean"
ANSWERS = {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}  # in lower case
SHOWN = 8  # problems of one table
EXACT = 2**53  # float64 holds each whole number below this
COLUMN = keys({"name": text, "kind": text}, {"categories": rows(text), "mean": or_null(number())})
CHECK = keys(
    {
        "columns": rows(COLUMN),
        "targets": rows(text),
        "ignored": rows(text),
        "names": rows(text),
        "classes": or_null(rows(text)),
        "missing": text,
    }
)


@frozen_dataclass
class ColumnEncoding:
    """How one column becomes features. kind: a number; a boolean, 0 or 1; or categories, a feature of 0 or 1 for each.

    mean: of the training part, which takes the place of missing numbers and booleans; None: they are refused. A missing
    category is none of them.
    """

    name: str
    kind: str
    categories: tuple[str, ...] = ()
    mean: float | None = None

    @property
    def size(self) -> int:
        """The number of features."""
        return len(self.categories) if self.kind == CATEGORIES else 1

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the features: age; city=Oslo and city=Rome."""
        if self.kind != CATEGORIES:
            return (self.name,)
        return tuple(f"{self.name}={category}" for category in self.categories)


@frozen_dataclass
class TableEncoding:
    """How a table becomes inputs. columns: in the order of the features. targets, ignored: names of other columns.

    names: of all columns in order, where the table names none; else empty. classes: of the labels; None where targets
    are numbers. missing: what is done about missing values, REFUSE or MEAN.
    """

    columns: tuple[ColumnEncoding, ...]
    targets: tuple[str, ...]
    ignored: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    classes: tuple[str, ...] | None = None
    missing: str = REFUSE

    @property
    def header(self) -> bool:
        """Whether columns have names, rather than numbers."""
        return not self.names

    @cached_property
    def features(self) -> tuple[str, ...]:
        """The names of all features."""
        return tuple(name for column in self.columns for name in column.features)

    def said(self) -> str:
        """Return in words how many features each column gives."""
        sizes = [
            f"{column.name} {column.size}{f' ({listed(column.categories, 4)})' if column.categories else ''}"
            for column in self.columns
        ]
        return listed(sizes, 20)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON values from which `from_json` restores it."""
        return {
            "columns": [column_values(column) for column in self.columns],
            "targets": list(self.targets),
            "ignored": list(self.ignored),
            "names": list(self.names),
            "classes": None if self.classes is None else list(self.classes),
            "missing": self.missing,
        }

    @classmethod
    def from_json(cls, values: Any) -> Self:
        """Return the encoding from the values of `to_json`. Raises ValueError for any other values."""
        problem = CHECK(values, "table")
        if problem is not None:
            raise ValueError(problem)
        found = cls(
            columns=tuple(column_from(one) for one in values["columns"]),
            targets=tuple(values["targets"]),
            ignored=tuple(values["ignored"]),
            names=tuple(values["names"]),
            classes=None if values["classes"] is None else tuple(values["classes"]),
            missing=values["missing"],
        )
        names = [column.name for column in found.columns]
        if found.missing not in (REFUSE, MEAN):
            raise ValueError(f"table.missing is {found.missing!r:.40}, where {REFUSE} or {MEAN} is needed")
        if not names or not found.targets or len({*names, *found.targets}) < len(names) + len(found.targets):
            raise ValueError("the columns of the table are not different ones, or there are none")
        return found


def column_values(column: ColumnEncoding) -> dict[str, Any]:
    """Return a column's encoding as JSON values."""
    values: dict[str, Any] = {"name": column.name, "kind": column.kind}
    if column.kind == CATEGORIES:
        return {**values, "categories": list(column.categories)}
    return {**values, "mean": column.mean}


def column_from(values: Mapping[str, Any]) -> ColumnEncoding:
    """Return a column's encoding from its JSON values. Raises ValueError where they contradict each other."""
    kind, categories = values["kind"], tuple(values.get("categories", ()))
    if kind not in (NUMBER, BOOLEAN, CATEGORIES):
        raise ValueError(f"the kind of the column {values['name']!r:.40} is {kind!r:.40}")
    if (kind == CATEGORIES) != bool(categories) or len(set(categories)) < len(categories):
        raise ValueError(f"the categories of the column {values['name']!r:.40} are not different ones")
    mean = values.get("mean")
    return ColumnEncoding(values["name"], kind, categories, None if mean is None else float(mean))


def with_means(encoding: TableEncoding, table: DataTable, training: Array) -> TableEncoding:
    """Return the encoding with the means of the training part, where missing values take them."""
    if encoding.missing != MEAN:
        return encoding
    columns = [
        column
        if column.kind == CATEGORIES
        else replace(column, mean=mean_of(column, table.columns[column.name], training))
        for column in encoding.columns
    ]
    return replace(encoding, columns=tuple(columns))


def mean_of(encoding: ColumnEncoding, column: DataColumn, training: Array) -> float:
    """Return the mean of the values that are there; 0 where there are none."""
    values = numbers_of(encoding, column)[training]
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else 0.0


def numbers_of(encoding: ColumnEncoding, column: DataColumn) -> Array:
    """Return the numbers or booleans of a column, NaN for everything else."""
    if column.codes is None:
        return column.values
    answers = [ANSWERS.get(cell.lower(), np.nan) for cell in column.texts] if encoding.kind == BOOLEAN else []
    if not answers:
        return column.values
    return np.where(column.codes >= 0, np.array([*answers, np.nan])[column.codes], column.values)


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


def more_text(rows: Array) -> str:
    """Return the words about the rows after the first whose cells have the same fault; "" where there are none."""
    count = len(rows) - 1
    if count < 2:
        return "; 1 more cell of the column is such" if count else ""
    return f"; {count:,} more cells of the column are such"


def too_large(values: Array) -> Array:
    """Return the indices of numbers that float32, in which networks compute, cannot hold."""
    return np.flatnonzero(np.abs(values) > SINGLE.max)


def too_large_text(table: DataTable, name: str, rows: Array) -> str:
    """Return the message about numbers that are too large. rows: theirs."""
    value = f"{table.columns[name].values[rows[0]]:g} is not a finite float32, whose range is ±{SINGLE.max:.2g}"
    return f"{table.at(int(rows[0]), name)}: {value}{more_text(rows)}"


def inexact_name(table: DataTable, name: str) -> str | None:
    """Return the message about the first whole number of a column that is a name, but rounded; None where none is."""
    rows = np.flatnonzero(np.abs(table.columns[name].values) >= EXACT)
    if not rows.size:
        return None
    return (
        f"{table.at(int(rows[0]), name)}: a number of so many digits is rounded, so that different ones would be one "
        f"name; put a letter before each{more_text(rows)}"
    )


def mark_of(table: DataTable) -> str:
    """Return the decimal mark of a table in words."""
    return "comma" if table.format.decimal == "," else "point"


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
