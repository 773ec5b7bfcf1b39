"""EventFiles: the figures of a training for TensorBoard, by tensorboardX."""

import contextlib
import hashlib
import importlib
import itertools
import os
import secrets
import socket
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from graphnn.errors import GraphError
from graphnn.runs.facts import RunFacts
from graphnn.runs.folder import RunFolder
from graphnn.runs.store import check_writable_folder, run_around
from graphnn.text.installing import import_remedy
from graphnn.training.history import Record

PARTS = ("training", "validation")  # folders, so that TensorBoard shows both lines of a figure in one chart
PACKAGE = "tensorboardX"


class EventFiles:
    """The event files of one run, a SideProduct: FOLDER/NAME/0007/training and FOLDER/NAME/0007/validation.

    Each is written anew when a training begins or goes on, from all epochs of its history, so that no epoch is in it
    twice or lacking; the files that it replaces are removed then, those of other runs never.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._place: tuple[Path, str] | None = None  # the folder, and what is in the names of the run's files there
        self._writers: dict[str, Any] = {}
        self._written = 0  # epochs

    def check(self) -> None:
        """Raise GraphError where no event files could be written."""
        try:
            importlib.import_module(f"{PACKAGE}.record_writer")
        except (ImportError, TypeError) as problem:  # the latter where protobuf is of another time
            raise GraphError(f"--tensorboard needs {PACKAGE}{import_remedy(problem, 'tensorboard')}") from problem
        around = run_around(self.folder)
        if around is not None:
            raise GraphError(
                f"{self.folder}: would lie in {around}, the folder of a run, into which nothing else is written; name "
                "another place with --tensorboard"
            )
        there = next(each for each in (self.folder, *self.folder.absolute().parents) if os.path.lexists(each))
        if not there.is_dir():
            raise GraphError(f"{self.folder}: {there} is no folder; name a folder for the files of TensorBoard")
        check_writable_folder(there)

    def update(self, run: RunFolder, facts: RunFacts, history: Sequence[Record], *, last: bool) -> str | None:
        """Add the epochs that are not yet in the files. Raises GraphError."""
        try:
            if self._place is None:
                self._place = place_of(self.folder / run.path.parent.stem / run.path.name, identity_of(run, facts))
            self._add(history)
            if last:
                self._close()
        except OSError as problem:
            self._close()
            self._written = 0
            file = problem.filename or self.folder
            raise GraphError(f"{file}: cannot be written: {problem.strerror or problem}") from problem
        return f"{self._place[0]} has its figures for TensorBoard." if last and history else None

    def _add(self, history: Sequence[Record]) -> None:
        """Write the epochs from the first that was not written, each with about the time at which it ended."""
        former: list[Path] = []
        new = history[self._written :]
        left = sum(record.seconds for record in new)
        for record in new:
            left -= record.seconds
            figures = {"training": {**record.training, "learning_rate": record.learning_rate}}
            for part, values in (figures | {"validation": record.validation or {}}).items():
                if values and part not in self._writers:
                    former += self._open(part)
                if values:
                    self._writers[part].write(scalars(record.epoch, time.time() - left, values))
        for writer in self._writers.values():
            writer.flush()
        for file in former:
            file.unlink()
        self._written = len(history)

    def _open(self, part: str) -> list[Path]:
        """Open a new file, and return the former ones of the run."""
        from tensorboardX.proto.event_pb2 import Event, SessionLog
        from tensorboardX.record_writer import RecordWriter

        assert self._place is not None
        place, identity = self._place
        folder = place / part
        folder.mkdir(parents=True, exist_ok=True)
        former = [file for file in event_files(folder) if identity in file.name]
        name = f"events.out.tfevents.{int(time.time())}.{socket.gethostname()}{identity}.{secrets.token_hex(4)}"
        writer = self._writers[part] = RecordWriter(str(folder.absolute() / name))
        # A TensorBoard that is open and has read the former file forgets its epochs at the second event.
        start = SessionLog(status=SessionLog.START)
        for event in (Event(file_version="brain.Event:2"), Event(step=1, session_log=start)):
            event.wall_time = time.time()
            writer.write(event.SerializeToString())
        return former

    def _close(self) -> None:
        for writer in self._writers.values():
            with contextlib.suppress(OSError):  # all was flushed, or the error of that is under way
                writer.close()
        self._writers.clear()


def identity_of(run: RunFolder, facts: RunFacts) -> str:
    """Return what tells the files of a run from those of others, for their names."""
    text = f"{run.number} {facts.started} {facts.command}"
    return f".graphnn-{hashlib.sha256(text.encode(errors='surrogateescape')).hexdigest()[:12]}"


def place_of(wanted: Path, identity: str) -> tuple[Path, str]:
    """Return the folder for a run's files and their identity: that which is wanted unless another run has files there.

    Documents of one name, in several folders, have runs of the same numbers.
    """
    for number in itertools.count(1):
        folder = wanted if number == 1 else wanted.with_name(f"{wanted.name}-{number}")
        if all(identity in file.name for part in PARTS for file in event_files(folder / part)):
            return folder, identity
    raise AssertionError("numbers do not end")


def event_files(folder: Path) -> list[Path]:
    """Return the event files in a folder."""
    return [*folder.glob("events.out.tfevents.*")]


def scalars(epoch: int, seconds: float, values: Mapping[str, float]) -> bytes:
    """Return, as it is stored, the event of an epoch with its figures. seconds: its time."""
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.proto.summary_pb2 import Summary

    figures = [Summary.Value(tag=name, simple_value=value) for name, value in values.items()]
    stored: bytes = Event(step=epoch, wall_time=seconds, summary=Summary(value=figures)).SerializeToString()
    return stored
