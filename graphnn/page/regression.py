"""The figures of each output of a regression."""

from collections.abc import Iterator, Sequence

import numpy as np

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.metrics.outputs import Numbers
from graphnn.reports.kinds import six_digits
from graphnn.types import Array

SHOWN = 50  # outputs in the table


@frozen_dataclass
class OutputRow:
    """The figures of an output in words, in the units of its target."""

    name: str
    mean_error: str
    root_mean_square: str
    bias: str
    largest: str
    r2: str
    deviation: str


@frozen_dataclass
class OutputFigures:
    """The figures of the first SHOWN outputs, and how many there are."""

    rows: tuple[OutputRow, ...]
    count: int


def flat(outputs: Numbers) -> tuple[Array, Array]:
    """Return the true and the predicted values, samples×outputs, float64."""
    truth = outputs.truth.reshape(len(outputs.truth), -1).astype(np.float64)
    return truth, outputs.predicted.reshape(truth.shape).astype(np.float64)


def output_figures(outputs: Numbers, names: Sequence[str]) -> OutputFigures:
    """Return the figures of each output. names: of all."""
    return OutputFigures(tuple(output_rows(outputs, names)), len(names))


def output_rows(outputs: Numbers, names: Sequence[str]) -> Iterator[OutputRow]:
    """Yield the figures of the first SHOWN outputs."""
    truth, predicted = flat(outputs)
    for number, name in enumerate(names[:SHOWN]):
        error, true = predicted[:, number] - truth[:, number], truth[:, number]
        spread = float(((true - true.mean()) ** 2).sum())
        r2 = 1 - float((error**2).sum()) / spread if spread else None
        yield OutputRow(
            name=name,
            mean_error=six_digits(float(np.abs(error).mean())),
            root_mean_square=six_digits(float(np.sqrt((error**2).mean()))),
            bias=six_digits(float(error.mean())),
            largest=six_digits(float(np.abs(error).max())),
            r2="–" if r2 is None else f"{r2:.4f}",
            deviation=six_digits(float(true.std())),
        )
