"""How the columns of a table become features; it is settled by the training table, and travels with the weights."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, Self

import numpy as np

from graphnn.datasets.table import DataColumn, DataTable
from graphnn.document.document import listed
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.storage.json_checks import keys, number, or_null, rows, text
from graphnn.types import Array

NUMBER, BOOLEAN, CATEGORIES = "number", "boolean", "categories"
REFUSE, MEAN = "refuse", "mean"
ANSWERS = {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}  # in lower case
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


def more_text(rows: Array) -> str:
    """Return the words about the rows after the first whose cells have the same fault; "" where there are none."""
    count = len(rows) - 1
    if count < 2:
        return "; 1 more cell of the column is such" if count else ""
    return f"; {count:,} more cells of the column are such"


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
