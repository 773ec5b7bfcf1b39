"""What a network gives for single samples, and the report of it: the most probable classes, or values."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from graphnn.datasets.preparation import Normalisation
from graphnn.engine.engine import Engine
from graphnn.engine.plan import kernels_for
from graphnn.evaluation.evaluation import class_names
from graphnn.evaluation.files import Labelled
from graphnn.graph.graph import Graph
from graphnn.metrics.outputs import Numbers, YesOrNo
from graphnn.parameters.parameters import Parameters
from graphnn.reports.kinds import SHARE, SIX_DIGITS, Kind
from graphnn.reports.report import Column, Report, Table
from graphnn.types import Array

Result = tuple[str, Array]  # a sample's label, and the network's output as a vector

PLACE = Kind(right=True)  # a number in an order
CLASS_ROWS = (
    Column("input", key="input"),
    Column("rank", PLACE, key="rank"),
    Column("class", key="class"),
    Column("probability", SIX_DIGITS, key="probability"),
)
VALUE_ROWS = (
    Column("input", key="input"),
    Column("output", PLACE, key="output"),
    Column("value", SIX_DIGITS, key="value"),
)


def predict(
    graph: Graph,
    parameters: Parameters,
    normalisation: Normalisation,
    parts: Iterable[Labelled],
    *,
    batch_size: int,
    threads: int | None = None,
    kernels: str | None = None,
) -> list[Result]:
    """Return the output for each sample of all parts. normalisation: what the weights were trained with."""
    results: list[Result] = []
    own = kernels_for(graph, kernels)
    with Engine(graph, parameters, batch_size=batch_size, threads=threads, kernels=own) as engine:
        for labels, x in parts:
            y = engine.predict(normalisation.apply(x, graph.input_shape))
            results += zip(labels, y.reshape(len(y), -1), strict=True)
    return results


def prediction_report(results: Sequence[Result], graph: Graph, classes: Sequence[str] | None, top: int) -> Report:
    """Return the report of one or more results: values for regression, else the `top` most probable classes.

    classes: the names of the classes, where they are known.
    """
    if graph.loss.outputs is Numbers:
        return values_report(results)
    if graph.loss.outputs is YesOrNo and results[0][1].size == 1:
        results = [(label, np.concatenate([1 - y, y])) for label, y in results]  # no and yes are two classes
    return classes_report(results, class_names(classes, results[0][1].size), top)


@dataclass(frozen=True)
class Guess:
    """A class, by name and number, and its probability."""

    name: str
    index: int
    probability: float


def classes_report(results: Sequence[Result], names: Sequence[str], top: int) -> Report:
    """Return the `top` most probable classes of each sample; a row for each of them."""
    ranked = [(label, best(y, names, top)) for label, y in results]
    columns = [Column("input"), *(Column("class"), Column("probability", SHARE)) * min(top, len(names))]
    cells = [(label, *(value for own in guesses for value in (own.name, own.probability))) for label, guesses in ranked]
    rows = [
        (label, rank, own.name, own.probability) for label, guesses in ranked for rank, own in enumerate(guesses, 1)
    ]
    data = [
        {
            "input": label,
            "predictions": [{"class": own.name, "index": own.index, "probability": own.probability} for own in guesses],
        }
        for label, guesses in ranked
    ]
    return Report([Table(columns, cells, headed=False)], data, rows=Table(CLASS_ROWS, rows))


def best(y: Array, names: Sequence[str], top: int) -> list[Guess]:
    """Return the `top` most probable classes, most probable first."""
    return [Guess(names[i], int(i), float(y[i])) for i in np.argsort(-y, kind="stable")[:top]]


def values_report(results: Sequence[Result]) -> Report:
    """Return the outputs of each sample, for regression; a row for each of them."""
    found = [(label, [float(value) for value in y]) for label, y in results]
    columns = [Column("input"), *(Column(f"output {i}", SIX_DIGITS) for i in range(len(found[0][1])))]
    cells = [(label, *values) for label, values in found]
    rows = [(label, i, value) for label, values in found for i, value in enumerate(values)]
    data = [{"input": label, "values": values} for label, values in found]
    return Report([Table(columns, cells, headed=False)], data, rows=Table(VALUE_ROWS, rows))
