"""Predictions for single samples, and the report of them: the most probable classes, or the outputs."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from graphnn.datasets.preparation import Normalisation
from graphnn.engine.engine import Engine
from graphnn.engine.plan import kernels_for
from graphnn.errors import DivergenceError
from graphnn.evaluation.evaluation import class_names
from graphnn.evaluation.files import MOST, Labelled
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.graph import Graph
from graphnn.metrics.outputs import Classes, YesOrNo
from graphnn.parameters.parameters import Parameters
from graphnn.reports.kinds import SHARE, SIX_DIGITS, Kind
from graphnn.reports.report import Column, Report, Table
from graphnn.text.working import working
from graphnn.training.divergence import wrong_in_inference
from graphnn.types import Array

Result = tuple[str, Array]  # a sample's label, and the network's output as a vector

MOST_SHOWN, FIRST_SHOWN = 20, 8  # outputs of a sample in a line for people; of more, these
EXPLAINED = 10  # samples whose outputs are not finite; each takes a pass node by node
ORDINAL = Kind(right=True)
CLASS_ROWS = (
    Column("input", key="input"),
    Column("rank", ORDINAL, key="rank"),
    Column("class", key="class"),
    Column("probability", SIX_DIGITS, key="probability"),
)
VALUE_ROWS = (
    Column("input", key="input"),
    Column("output", ORDINAL, key="output"),
    Column("value", SIX_DIGITS, key="value"),
)


@dataclass
class NotFinite:
    """The samples whose outputs are not finite: how many, and messages that say of the first EXPLAINED why."""

    count: int = 0
    explained: list[str] = field(default_factory=list)

    def add(self, engine: Engine, labels: Sequence[str], inputs: Array) -> None:
        """Count such samples, with their labels and their inputs."""
        self.count += len(labels)
        for i, label in enumerate(labels[: EXPLAINED - len(self.explained)]):
            cause = wrong_in_inference(engine, inputs[i : i + 1])
            self.explained.append(f"{label}: the network's output is not finite: {cause}")

    def messages(self) -> list[str]:
        """Return the messages, and how many more such samples there are."""
        more = self.count - len(self.explained)
        return [*self.explained, *([f"and {more} more"] if more else [])]


def predictions(
    graph: Graph,
    parameters: Parameters,
    normalisation: Normalisation,
    parts: Iterable[Labelled],
    wrong: NotFinite,
    *,
    batch_size: int,
    threads: int | None = None,
    kernels: str | None = None,
) -> Iterator[list[Result]]:
    """Yield of each part, when it has been computed, what the network says of its samples, where finite.

    These are its outputs, without the share that label smoothing has taught it to give to every class. normalisation:
    the one that the weights were trained with. parts: samples that are not normalised, best at most MOST at a time; the
    next one is asked for when the results of this one have been taken. wrong: counts the other samples.
    """
    used = kernels_for(graph, kernels)
    engines = Engine(graph, parameters, batch_size=batch_size, samples=MOST, threads=threads, kernels=used)
    with engines as engine, working("predicting", unit="samples") as task:
        for labels, x in parts:
            if not len(x):
                yield []
                continue
            inputs = normalisation.apply(x, graph.input_shape)
            y = engine.predict(inputs).reshape(len(x), -1)
            finite = finite_rows(y)
            rows = np.flatnonzero(finite)
            if len(rows) < len(x):
                bad = np.flatnonzero(~finite)
                wrong.add(engine, [labels[i] for i in bad], inputs[bad])
            task.advance(len(x))
            yield list(zip([labels[i] for i in rows], graph.loss.beliefs(y[rows]), strict=True))


def finite_rows(y: Array) -> Array:
    """Return of each sample whether all of its outputs are finite."""
    return np.asarray(np.isfinite(y.reshape(len(y), -1)).all(axis=1))


def finite_outputs(engine: Engine, x: Array, first: int) -> Array:
    """Return the outputs for x, n×(input shape). first: the number of its first sample, for messages.

    Raises DivergenceError where an output is not finite.
    """
    y = engine.predict(x)
    bad = np.flatnonzero(~finite_rows(y))
    if bad.size:
        cause = wrong_in_inference(engine, x[bad[0] : bad[0] + 1])
        raise DivergenceError(f"the output for x[{first + bad[0]}] is not finite: {cause}")
    return y


def prediction_report(results: Sequence[Result], graph: Graph, classes: Sequence[str] | None, top: int) -> Report:
    """Return the report of one or more results: the outputs for regression, else the `top` most probable classes.

    classes: the names of the classes, where they are known.
    """
    if graph.loss.outputs not in (Classes, YesOrNo):
        return values_report(results)
    if graph.loss.outputs is YesOrNo and results[0][1].size == 1:
        results = [(label, np.concatenate([1 - y, y])) for label, y in results]  # the classes "no" and "yes"
    return classes_report(results, class_names(classes, results[0][1].size), top)


@frozen_dataclass
class Guess:
    """A class, by its name and index, and its probability."""

    name: str
    index: int
    probability: float


def classes_report(results: Sequence[Result], names: Sequence[str], top: int) -> Report:
    """Return the report of the `top` most probable classes of each sample, with a row for each of them."""
    ranked = [(label, best(y, names, top)) for label, y in results]
    columns = [Column("input"), *(Column("class"), Column("probability", SHARE)) * min(top, len(names))]
    cells = [(label, *(value for one in guesses for value in (one.name, one.probability))) for label, guesses in ranked]
    rows = [
        (label, rank, one.name, one.probability) for label, guesses in ranked for rank, one in enumerate(guesses, 1)
    ]
    data = [
        {
            "input": label,
            "predictions": [{"class": one.name, "index": one.index, "probability": one.probability} for one in guesses],
        }
        for label, guesses in ranked
    ]
    return Report([Table(columns, cells, headed=False)], data, rows=Table(CLASS_ROWS, rows))


def best(y: Array, names: Sequence[str], top: int) -> list[Guess]:
    """Return the `top` most probable classes, most probable first."""
    return [Guess(names[i], int(i), float(y[i])) for i in np.argsort(-y, kind="stable")[:top]]


def values_report(results: Sequence[Result]) -> Report:
    """Return the report of the outputs for each sample, with a row for each of them; people read the first of many."""
    found = [(label, [float(value) for value in y]) for label, y in results]
    count = len(found[0][1])
    shown = count if count <= MOST_SHOWN else FIRST_SHOWN
    columns = [Column("input"), *(Column(f"output {i}", SIX_DIGITS) for i in range(shown))]
    more = () if shown == count else (f"… and {count - shown} more; --format csv has all",)
    columns += [Column("")] * len(more)
    cells = [(label, *values[:shown], *more) for label, values in found]
    rows = [(label, i, value) for label, values in found for i, value in enumerate(values)]
    data = [{"input": label, "values": values} for label, values in found]
    return Report([Table(columns, cells, headed=False)], data, rows=Table(VALUE_ROWS, rows))
