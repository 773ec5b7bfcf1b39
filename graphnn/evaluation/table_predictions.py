"""Predictions for the rows of a table, beside these rows, as a report and as a table to write."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from graphnn.datasets.table import DataTable
from graphnn.datasets.table_encoding import TableEncoding
from graphnn.errors import DataError
from graphnn.evaluation.evaluation import class_names
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.metrics.outputs import Classes, Numbers, Outputs, YesOrNo
from graphnn.reports.kinds import COUNT, SHARE, SIX_DIGITS, TEXT
from graphnn.reports.report import Alternatives, Column, Report, Table
from graphnn.text.suggestions import quoted
from graphnn.types import Array

PREDICTED, PROBABILITY = "predicted ", "probability of "  # the starts of the names of columns
HEADER = 1 << 20  # bytes; the names of all columns take fewer


@frozen_dataclass
class Predictions:
    """What a network says of the rows of a table: a value in each column for each row, None where it has overflowed.

    table: of the rows. chosen: the names of the columns with the predicted class or numbers. probabilities: those of
    the columns with the probability of each class. values: all of them, by name.
    """

    table: DataTable
    chosen: tuple[str, ...]
    probabilities: tuple[str, ...]
    values: Mapping[str, Sequence[str | float | None]]

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of all columns of the predictions."""
        return (*self.chosen, *self.probabilities)

    def rows(self, cells: Sequence[Sequence[str]]) -> Iterator[list[str | float | None]]:
        """Yield the cells of each row, which are those of all columns of the table, and its predictions after them."""
        for row, values in zip(cells, zip(*(self.values[name] for name in self.columns), strict=True), strict=True):
            yield [*row, *values]


def predictions_of(
    table: DataTable,
    encoding: TableEncoding,
    outputs: type[Outputs],
    found: Mapping[int, Array],
    count: int,
    *,
    given_back: bool = False,
) -> Predictions:
    """Return the predictions for a table. found: the network's outputs, `count` numbers, by the index of their row.

    given_back: whether they are its inputs, as of a network that learns these, in the values of the table.
    Raises DataError where the table has a column of such a name already.
    """
    rows = [found.get(index) for index in range(len(table))]
    classes, targets = encoding.classes, encoding.targets
    chosen: dict[str, list[str | float | None]] = {}
    likely: dict[str, list[str | float | None]] = {}
    if given_back:
        for k, name in enumerate(encoding.features):
            chosen[f"predicted {name}"] = [None if y is None else float(y[k]) for y in rows]
    elif outputs is Numbers or classes is None:
        names = targets if len(targets) == count else tuple(map(str, range(count)))
        for k, name in enumerate(names):
            chosen[f"{PREDICTED}{name}"] = [None if y is None else float(y[k]) for y in rows]
    elif outputs is YesOrNo and count == 1 and len(classes) == 2:
        chosen[f"{PREDICTED}{targets[0]}"] = [None if y is None else classes[int(y[0] > 0.5)] for y in rows]
        likely[f"{PROBABILITY}{classes[1]}"] = [None if y is None else float(y[0]) for y in rows]
    elif outputs is Classes:
        names = class_names(classes, count)
        target = targets[0] if len(targets) == 1 else "class"
        chosen[f"{PREDICTED}{target}"] = [None if y is None else names[int(np.argmax(y))] for y in rows]
        for k, name in enumerate(names):
            likely[f"{PROBABILITY}{name}"] = [None if y is None else float(y[k]) for y in rows]
    else:
        for k, name in enumerate(classes):
            likely[f"{PROBABILITY}{name}"] = [None if y is None else float(y[k]) for y in rows]
    taken = next((name for name in (*chosen, *likely) if name in table.names), None)
    if taken is not None:
        raise DataError(f"{table.path}: has a column {quoted(taken)} already; take it out, or rename it")
    return Predictions(table, tuple(chosen), tuple(likely), {**chosen, **likely})


def are_predictions(head: bytes) -> bool:
    """Whether a file is a table with predictions, by its first HEADER bytes."""
    names = head.partition(b"\n")[0]
    return PREDICTED.encode() in names or PROBABILITY.encode() in names


def table_report(
    predictions: Predictions, rows: Sequence[Sequence[str]], problems: Mapping[int, str], targets: Sequence[str]
) -> Report:
    """Return the report: people see the probability of the predicted class alone, programs that of each class.

    rows: the cells of the table. problems: why a row has no predictions, by its index. targets: the columns with
    answers, which a narrow terminal shows beside the predictions where the table has them.
    """
    table, names = predictions.table, predictions.columns
    cells, width = list(predictions.rows(rows)), len(table.names)
    own = [Column(name, key=name) for name in table.names]
    added = [Column(name, SIX_DIGITS if is_number(predictions, name) else TEXT, key=name) for name in names]
    shown, last = cells, added
    if predictions.chosen and len(predictions.probabilities) > 1:
        start = width + len(predictions.chosen)
        last = [*added[: len(predictions.chosen)], Column("probability", SHARE)]
        shown = [[*row[:start], highest(row[start:])] for row in cells]
    known = [index for index, name in enumerate(table.names) if name in targets]
    few = [Column("line", COUNT), *(own[index] for index in known), *last]
    lines = zip(table.lines.tolist(), shown, strict=True)
    short = [[line, *(row[index] for index in known), *row[width:]] for line, row in lines]
    data = [
        {
            "line": int(table.lines[index]),
            "row": dict(zip(table.names, row[:width], strict=True)),
            "predictions": dict(zip(names, row[width:], strict=True)),
            **({"error": problems[index]} if index in problems else {}),
        }
        for index, row in enumerate(cells)
    ]
    parts = Alternatives([Table([*own, *last], shown), Table(few, short)])
    return Report([parts], data, rows=Table([*own, *added], cells))


def is_number(predictions: Predictions, name: str) -> bool:
    """Return whether a column of the predictions holds numbers."""
    return any(isinstance(value, float) for value in predictions.values[name])


def highest(values: Sequence[str | float | None]) -> float | None:
    """Return the highest probability; None where there are none."""
    return max((value for value in values if isinstance(value, float)), default=None)
