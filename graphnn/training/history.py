"""The history of a training run: a record for each epoch, and the CSV file that they are written to."""

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.storage.locks import InUse as InUse
from graphnn.storage.locks import claim as claim


@frozen_dataclass
class Record:
    """The results of one epoch.

    epoch: from 1. training, validation: the loss and its metrics by name; those of training are over the whole epoch,
    during which the weights change. learning_rate: of the last step. seconds: of training and validation;
    images_per_second: of training alone.
    """

    epoch: int
    training: Mapping[str, float]
    validation: Mapping[str, float] | None
    learning_rate: float
    seconds: float
    images_per_second: float

    def row(self) -> dict[str, float]:
        """Return the record as a row, by the columns of the file."""
        validation = {f"validation_{name}": value for name, value in (self.validation or {}).items()}
        return {
            "epoch": self.epoch,
            **self.training,
            **validation,
            "learning_rate": self.learning_rate,
            "seconds": round(self.seconds, 3),
            "images_per_second": round(self.images_per_second, 1),
        }

    @cached_property
    def metrics(self) -> tuple[str, ...]:
        """The names of the loss and the metrics, in their order."""
        return tuple(self.training)

    @cached_property
    def packed(self) -> bytes:
        """The numbers of the record in `history_array`; metrics of an epoch without validation are NaN there."""
        validation = dict.fromkeys(self.training, math.nan) if self.validation is None else self.validation
        first = (self.epoch, self.validation is not None, self.learning_rate, self.seconds, self.images_per_second)
        metrics = (*self.training.values(), *(validation[name] for name in self.training))
        return np.array([*first, *metrics], "<f8").tobytes()


class HistoryFile:
    """A CSV file with a line for each epoch, written to disk as soon as the epoch is over.

    Opening it replaces the content of the file by `records`, with which a resumed run begins. metrics: the names of
    those of training. validated: whether there are columns for validation. Raises InUse where another process has it
    open.
    """

    def __init__(self, path: Path, metrics: Sequence[str], *, validated: bool, records: Iterable[Record] = ()) -> None:
        columns = ["epoch", *metrics, *(f"validation_{name}" for name in metrics if validated)]
        self._file = path.open("a", newline="", encoding="utf-8")
        try:
            claim(self._file)
        except InUse:
            self._file.close()
            raise
        self._file.truncate(0)
        self._writer = csv.DictWriter(
            self._file, [*columns, "learning_rate", "seconds", "images_per_second"], lineterminator="\n"
        )
        self._writer.writeheader()
        for record in records:
            self._writer.writerow(record.row())
        self._file.flush()

    def append(self, record: Record) -> None:
        """Add the line of one epoch."""
        self._writer.writerow(record.row())
        self._file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()
