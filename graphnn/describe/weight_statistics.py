"""What the values of trained parameters look like, array by array."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from graphnn.graph.graph import Graph, named_parameters
from graphnn.reports.kinds import COUNT, SHAPE, VALUE
from graphnn.reports.report import Column, Lines, Report, Table
from graphnn.storage.weights import MatchReport, compare, load_weights
from graphnn.types import Array, Shape


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
    Column("parameter", key="name", least=12, middle=True),
    Column("shape", SHAPE, key="shape"),
    Column("mean", VALUE, key="mean", absent="–"),
    Column("deviation", VALUE, key="deviation", absent="–"),
    Column("min", VALUE, key="min", absent="–"),
    Column("max", VALUE, key="max", absent="–"),
    Column("not finite", COUNT, key="non_finite"),
)


def statistics_table(rows: Sequence[Statistics]) -> Table:
    """Return the table of arrays."""
    return Table(COLUMNS, [astuple(row) for row in rows])


def statistics_values(rows: Sequence[Statistics]) -> list[dict[str, Any]]:
    """Return the statistics as JSON values."""
    return [{**asdict(row), "shape": list(row.shape)} for row in rows]


def weights_report(network: Report, graph: Graph, path: Path) -> tuple[Report, MatchReport]:
    """Return the report of a network and of the arrays in a weights file, which alone are its rows, and how they fit.

    network: the report of the graph. Raises WeightsError where the file cannot be read.
    """
    file = load_weights(path)
    match = compare({name: own.shape for name, own in named_parameters(graph.nodes).items()}, file.arrays)
    found = statistics(file.arrays)
    weights = {
        "file": str(file.path),
        "parameters": statistics_values(found),
        "missing": list(match.missing),
        "extra": list(match.extra),
        "differing": [
            {"name": name, "network": list(wanted), "file": list(shape)} for name, wanted, shape in match.differing
        ],
    }
    table = statistics_table(found)
    parts = [*network.parts, Lines([str(file.path)]), table]
    return Report(parts, {**network.data, "weights": weights}, rows=table), match
