"""What each epoch of a training run gave, and the table of it that is written while the run goes on."""

import contextlib
import csv
import errno
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO


@dataclass(frozen=True)
class Record:
    """One epoch.

    epoch: counts from 1. training, validation: "loss" and the loss's metrics; those of training are means over the
    epoch, while the weights change. learning_rate: of the last step. seconds: with validation;
    images_per_second: of training alone.
    """

    epoch: int
    training: Mapping[str, float]
    validation: Mapping[str, float] | None
    learning_rate: float
    seconds: float
    images_per_second: float

    def row(self) -> dict[str, float]:
        """Return the record flat, by the columns of the table."""
        validation = {f"validation_{name}": value for name, value in (self.validation or {}).items()}
        return {
            "epoch": self.epoch,
            **self.training,
            **validation,
            "learning_rate": self.learning_rate,
            "seconds": round(self.seconds, 3),
            "images_per_second": round(self.images_per_second, 1),
        }

    def to_json(self) -> dict[str, Any]:
        """Return the record as JSON values; numbers come back exactly."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return the record that `to_json` gave these values for."""
        return cls(**values)


class InUse(Exception):
    """Another process holds the file."""


def claim(file: TextIO) -> None:
    """Hold a file, open for writing, against other processes until it is closed. Raises InUse.

    The lock is the process's own (POSIX): forked ones do not inherit it, and it goes with the process, however that
    ends. Nothing is held where the system or the file system has no such locks.
    """
    with contextlib.suppress(ImportError):
        import fcntl  # not on Windows

        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EAGAIN):
                raise InUse from error


class HistoryFile:
    """A CSV file with one line an epoch, on disk as soon as the epoch is over.

    Opening it replaces what the file held by `records`, those that a resumed run begins with. Raises InUse where
    another process has it open.
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
