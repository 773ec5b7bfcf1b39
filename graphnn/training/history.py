"""The history of a training run: a record for each epoch, and the CSV file that they are written to."""

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from graphnn.errors import WeightsError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.storage.plain_files import open_plain, write_all
from graphnn.storage.regular_files import open_regular


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
        validation = {f"{VALIDATION}{name}": value for name, value in (self.validation or {}).items()}
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
        """The names of the loss and the metrics, in their order: those of training, then others of validation."""
        return tuple(dict.fromkeys([*self.training, *(self.validation or ())]))

    @cached_property
    def packed(self) -> bytes:
        """The numbers of the record in `history_array`."""
        first = (self.epoch, self.validation is not None, self.learning_rate, self.seconds, self.images_per_second)
        return np.array([*first, *self.training.values(), *(self.validation or {}).values()], "<f8").tobytes()


LAST = ("learning_rate", "seconds", "images_per_second")  # columns
VALIDATION = "validation_"  # begins the columns of metrics in validation


def read_history(path: Path) -> list[Record]:
    """Return the records in a file of HistoryFile, rounded as there; a last line that is cut off is left out.

    Metrics without a value are not in the records. Raises WeightsError, with the line, where the file was changed.
    """
    try:
        with open_regular(path) as file:
            lines = file.read().decode().split("\n")[:-1]  # what follows the last line break was cut off
    except OSError as problem:
        raise WeightsError(f"{path}: {problem.strerror or problem}") from problem
    except ValueError as problem:
        raise WeightsError(f"{path}: is no text: {problem}") from problem
    if not lines:
        return []
    columns = tuple(lines[0].split(","))
    if columns[0] != "epoch" or columns[-3:] != LAST or len(set(columns)) < len(columns) or "" in columns:
        raise WeightsError(f"{path}:1: the columns are {lines[0]!r:.60}, where epoch, …, {', '.join(LAST)} are needed")
    records = []
    for number, line in enumerate(lines[1:], start=2):
        values = line.split(",")
        try:
            if len(values) != len(columns):
                raise ValueError(f"{len(columns)} values are needed, not {len(values)}")
            records.append(record_of(dict(zip(columns, values, strict=True)), number - 1))
        except ValueError as problem:
            raise WeightsError(f"{path}:{number}: {line!r:.60} is not the line of an epoch: {problem}") from problem
    return records


def record_of(row: Mapping[str, str], epoch: int) -> Record:
    """Return the record of a row, by column. Raises ValueError where it is not that of this epoch."""
    if row["epoch"] != str(epoch):
        raise ValueError(f"it is of epoch {row['epoch']:.20}, not {epoch}")
    last = {name: float(row[name]) for name in LAST}
    if not all(math.isfinite(value) and value >= 0 for value in last.values()):
        raise ValueError("a rate or a time is negative or not finite")
    metrics = {name: float(text) for name, text in row.items() if text and name not in ("epoch", *LAST)}
    validation = {
        name.removeprefix(VALIDATION): metrics.pop(name) for name in [*metrics] if name.startswith(VALIDATION)
    }
    return Record(epoch, metrics, validation or None, **last)


class HistoryFile:
    """A CSV file with a line for each epoch, written to disk as soon as the epoch is over.

    Opening it replaces the content of the file by `records`, with which a resumed run begins. metrics: the names of
    those of training. validated: of those of validation. Raises OSError, also where it is a link.
    """

    def __init__(
        self, path: Path, metrics: Sequence[str], *, validated: Sequence[str] = (), records: Iterable[Record] = ()
    ) -> None:
        columns = ["epoch", *metrics, *(f"{VALIDATION}{name}" for name in validated)]
        self._file = open_plain(path)
        self._text = io.StringIO()
        self._writer = csv.DictWriter(self._text, [*columns, *LAST], lineterminator="\n")
        try:
            self._file.truncate(0)
            self._writer.writeheader()
            for record in records:
                self._writer.writerow(record.row())
            self._write()
        except OSError:
            self._file.close()
            raise

    def append(self, record: Record) -> None:
        """Add the line of one epoch. Raises OSError."""
        self._writer.writerow(record.row())
        self._write()

    def _write(self) -> None:
        text = self._text.getvalue()
        self._text.seek(0)
        self._text.truncate()
        write_all(self._file, text.encode())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()
