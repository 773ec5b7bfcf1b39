"""What a data set holds, in one line and as a report: parts, shapes, types and classes."""

import numpy as np

from graphnn.datasets.base import Dataset
from graphnn.reports.kinds import COUNT
from graphnn.reports.report import Column, Fact, Facts, Report, Row, Table
from graphnn.text.numbers import count_text
from graphnn.types import Array, shape_text

HALF = 0.5  # what is more likely than that is yes
NAMED = 12  # classes that are listed by name


def dataset_text(data: Dataset) -> str:
    """Return a data set in one line: <Dataset digits: 1,437 + 360 samples of 1×8×8 uint8, 10 classes>."""
    samples = f"{count_text(len(data.x_train))} + {count_text(len(data.x_test))} samples of {inputs_text(data.x_train)}"
    return f"<Dataset {data.name}: {samples}, {targets_text(data)}>"


def dataset_report(data: Dataset) -> Report:
    """Return the table of the parts of a data set, and its classes."""
    columns = [Column("part"), Column("samples", COUNT), Column("inputs"), Column("targets")]
    parts = [("training", data.x_train, data.y_train), ("test", data.x_test, data.y_test)]
    rows: list[Row] = [(name, len(x), inputs_text(x), inputs_text(y)) for name, x, y in parts]
    if data.classes is not None:
        columns.append(Column("samples of a class"))
        rows = [(*row, per_class(y, len(data.classes))) for row, (_, _, y) in zip(rows, parts, strict=True)]
    facts = Facts([Fact("classes", classes_text(data.classes))] if data.classes else [])
    return Report(
        [Table(columns, rows, title=f"{data.name}: {targets_text(data)}", foot=[facts] if facts.facts else [])]
    )


def inputs_text(values: Array) -> str:
    """Return the shape of one sample and the type of its numbers: 1×8×8 uint8."""
    return f"{shape_text(values.shape[1:])} {values.dtype}".strip()


def targets_text(data: Dataset) -> str:
    """Return what the targets are: 10 classes, or 2 numbers each."""
    if data.classes is not None:
        return f"{count_text(len(data.classes))} classes"
    width = int(np.prod(data.y_train.shape[1:]))
    return f"{count_text(width)} target{'s' if width > 1 else ''} each"


def per_class(y: Array, classes: int) -> str:
    """Return how many samples the classes have: 142 to 146. y: labels N, or the answers to each class, N×K."""
    if y.ndim == 2 and y.shape[1] == classes:
        counts = (y > HALF).sum(axis=0)
    else:
        counts = np.bincount(np.asarray(y, np.int64).ravel(), minlength=classes)
    least, most = int(counts.min()), int(counts.max())
    return count_text(least) if least == most else f"{count_text(least)} to {count_text(most)}"


def classes_text(classes: tuple[str, ...]) -> str:
    """Return the first names of the classes."""
    more = len(classes) - NAMED
    return ", ".join(classes[:NAMED]) + (f" and {count_text(more)} more" if more > 0 else "")
