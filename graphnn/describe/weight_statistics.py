"""Statistics of the arrays in a weights file, and the report of them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple
from pathlib import Path
from typing import Any

import numpy as np

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.graph import Graph, named_parameters
from graphnn.reports.kinds import COUNT, SHAPE, VALUE
from graphnn.reports.report import Column, Lines, Report, Table
from graphnn.storage.weights import MatchReport, compare, load_weights
from graphnn.types import Array, Shape


@frozen_dataclass
class Statistics:
    """Statistics of one array's finite values, None where it has none; non_finite counts NaN and infinities."""

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
    """Return the statistics of one array, computed in float64."""
    finite = array[np.isfinite(array)]
    non_finite = array.size - finite.size
    if finite.size == 0:
        return Statistics(name, array.shape, None, None, None, None, non_finite)
    mean, deviation = float(finite.mean(dtype=np.float64)), float(finite.std(dtype=np.float64))
    return Statistics(name, array.shape, mean, deviation, float(finite.min()), float(finite.max()), non_finite)


COLUMNS = (
    Column("parameter", key="name", least=12, middle=True),
    Column("shape", SHAPE, key="shape"),
    Column("mean", VALUE, key="mean", absent="–"),
    Column("deviation", VALUE, key="deviation", absent="–"),
    Column("min", VALUE, key="min", absent="–"),
    Column("max", VALUE, key="max", absent="–"),
    Column("not finite", COUNT, key="non_finite"),
)


def statistics_table(rows: Sequence[Statistics]) -> Table:
    """Return the table of statistics, a row for each array."""
    return Table(COLUMNS, [astuple(row) for row in rows])


def statistics_values(rows: Sequence[Statistics]) -> list[dict[str, Any]]:
    """Return the statistics as JSON values."""
    return [{**asdict(row), "shape": list(row.shape)} for row in rows]


def weights_report(network: Report, graph: Graph, path: Path) -> tuple[Report, MatchReport]:
    """Return the report of a network and its weights file, and how the file's arrays match the graph's parameters.

    network: the report of the graph. The rows of the report are the arrays. Raises WeightsError where the file cannot
    be read.
    """
    file = load_weights(path)
    shapes = {name: parameter.shape for name, parameter in named_parameters(graph.nodes).items()}
    match = compare(shapes, file.arrays)
    found = statistics(file.arrays)
    weights = {
        "file": str(file.path),
        "parameters": statistics_values(found),
        "missing": list(match.missing),
        "extra": list(match.extra),
        "differing": [
            {"name": name, "network": list(expected), "file": list(shape)} for name, expected, shape in match.differing
        ],
    }
    table = statistics_table(found)
    parts = [*network.parts, Lines([str(file.path)]), table]
    return Report(parts, {**network.data, "weights": weights}, rows=table), match
