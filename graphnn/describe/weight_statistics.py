"""What the values of trained parameters look like, array by array."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, fields
from typing import Any

import numpy as np

from graphnn.text.numbers import count_text
from graphnn.text.tables import Column, csv_lines, markdown_table, table
from graphnn.types import Array, Shape, shape_text


@dataclass(frozen=True)
class Statistics:
    """Figures of one array's finite values, None where it has none; non_finite counts NaN and infinities."""

    name: str
    shape: Shape
    mean: float | None
    deviation: float | None
    min: float | None
    max: float | None
    non_finite: int


def statistics(arrays: Mapping[str, Array]) -> list[Statistics]:
    """Return the statistics of each array, in order."""
    return [statistics_of(name, array) for name, array in arrays.items()]


def statistics_of(name: str, array: Array) -> Statistics:
    """Return the statistics of one array, worked out in float64."""
    finite = array[np.isfinite(array)]
    non_finite = array.size - finite.size
    if finite.size == 0:
        return Statistics(name, array.shape, None, None, None, None, non_finite)
    mean, deviation = float(finite.mean(dtype=np.float64)), float(finite.std(dtype=np.float64))
    return Statistics(name, array.shape, mean, deviation, float(finite.min()), float(finite.max()), non_finite)


COLUMNS = (
    Column("parameter", least=12, middle=True),
    Column("shape", right=True),
    Column("mean", right=True),
    Column("deviation", right=True),
    Column("min", right=True),
    Column("max", right=True),
    Column("not finite", right=True),
)


def statistics_text(rows: Sequence[Statistics], kind: str, width: int | None) -> str:
    """Return the statistics as a "table" for a terminal of `width` columns, as "markdown", or as "csv"."""
    if kind == "csv":
        titles = [field.name for field in fields(Statistics)]
        return csv_lines(titles, ((row.name, "x".join(map(str, row.shape)), *astuple(row)[2:]) for row in rows))
    cells = [
        [
            row.name,
            shape_text(row.shape) or "1",
            *map(number_text, (row.mean, row.deviation, row.min, row.max)),
            count_text(row.non_finite),
        ]
        for row in rows
    ]
    lines = markdown_table(COLUMNS, cells) if kind == "markdown" else table(COLUMNS, cells, width)
    return "\n".join(lines) + "\n"


def statistics_values(rows: Sequence[Statistics]) -> list[dict[str, Any]]:
    """Return the statistics as JSON values."""
    return [{**asdict(row), "shape": list(row.shape)} for row in rows]


def number_text(value: float | None) -> str:
    """Return four places behind the point, or an exponent where those would say little; – for no value."""
    if value is None:
        return "–"
    return f"{value:.4f}" if value == 0 or 1e-3 <= abs(value) < 1e5 else f"{value:.2e}"
