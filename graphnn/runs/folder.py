"""RunFolder: the files of one training, in a folder that no other training writes to."""

import contextlib
import json
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from graphnn.errors import WeightsError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.runs.facts import TRAINING, UNFINISHED, RunFacts
from graphnn.storage.locks import InUse, claim
from graphnn.storage.plain_files import open_plain
from graphnn.storage.regular_files import is_file, open_regular

Mark = tuple[int, int, int]
PROBED = 1.0  # seconds after which whoever holds a lock is training; asking for it takes far less


class TakenRun(WeightsError):
    """Another process is training the run, or has trained it since it was looked for."""


@frozen_dataclass
class RunFolder:
    """The paths of a run's files. path: NAME.runs/0007."""

    path: Path

    @property
    def number(self) -> int:
        """The number of the run."""
        return int(self.path.name)

    @property
    def weights(self) -> Path:
        """The weights of a finished run."""
        return self.path / "weights.npz"

    @property
    def checkpoint(self) -> Path:
        """The state that --resume continues from."""
        return self.path / "checkpoint.npz"

    @property
    def history(self) -> Path:
        """The metrics, one line for each epoch."""
        return self.path / "history.csv"

    @property
    def document(self) -> Path:
        """The document with all defaults and overrides."""
        return self.path / "resolved.json"

    @property
    def log(self) -> Path:
        """What the run has printed, with times."""
        return self.path / "log.txt"

    @property
    def last(self) -> Path:
        """The weights after the last finished epoch of an unfinished run."""
        return self.path / "last.npz"

    @property
    def best(self) -> Path:
        """The weights of the best epoch so far of an unfinished run, if the document keeps the best."""
        return self.path / "best.npz"

    @property
    def promoted(self) -> Path:
        """The weights of the unfinished run that were put beside the document; the others go on to change."""
        return self.path / "promoted.npz"

    @property
    def facts_file(self) -> Path:
        """The facts of the run."""
        return self.path / "run.json"

    @property
    def lock_file(self) -> Path:
        """An empty file that the training process keeps locked."""
        return self.path / "lock"

    def resolved(self, tell: Callable[[str], object] | None = None) -> Mapping[str, Any] | None:
        """Return the document with all defaults; None where it is missing or damaged, of which `tell` is told."""
        if not is_file(self.document):
            return None
        try:
            found = json.loads(self.document.read_bytes())
        except (OSError, ValueError, RecursionError) as problem:
            if tell is not None:
                tell(f"{self.document}: is damaged, and is left out: {problem}")
            return None
        return found if isinstance(found, dict) else None

    def facts(self) -> RunFacts:
        """Return the facts of the run. Raises WeightsError where they are damaged or missing."""
        return RunFacts.load(self.facts_file)

    @property
    def size(self) -> int:
        """The bytes of all its files; 0 where it cannot be read, or is being removed."""
        try:
            with os.scandir(self.path) as entries:
                return sum(entry.stat(follow_symlinks=False).st_size for entry in entries)
        except OSError:
            return 0

    def holds(self, path: Path) -> bool:
        """Whether a path, followed through links, leads into the folder."""
        return Path(os.path.realpath(self.path)) in Path(os.path.realpath(path)).parents

    def began(self) -> bool:
        """Whether it has facts, or has lost them: it has other files of a run; or cannot be read."""
        try:
            names = {path.name for path in self.path.iterdir()}
        except FileNotFoundError:
            return False
        except OSError:  # another user's
            return True
        files = (
            self.weights,
            self.checkpoint,
            self.history,
            self.document,
            self.log,
            self.last,
            self.best,
            self.promoted,
        )
        return any(file.name in names for file in (self.facts_file, *files))

    def is_empty(self) -> bool:
        """Whether it is empty but for a lock, as a process leaves it that is killed as soon as it has made it."""
        return all(path == self.lock_file for path in self.path.iterdir())

    def best_weights(self) -> Path | None:
        """Return the file of the weights to use: of the finished run, else of its best epoch, else of its last."""
        return next((file for file in (self.weights, self.best, self.last) if is_file(file)), None)

    def check(self) -> None:
        """Raise WeightsError where the folder, or a file in it, is a link, or no regular file, or not writable.

        A link in a folder that was received would let the run write anywhere.
        """
        for path in (self.path, *sorted(self.path.iterdir())):
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                raise WeightsError(f"{path}: is a link, which no run makes; a run is not continued through links")
            if path != self.path and not stat.S_ISREG(mode):
                raise WeightsError(f"{path}: is no regular file, where a file is to be written")
            if not os.access(path, os.W_OK):
                raise WeightsError(f"{path}: is not writable")

    @contextlib.contextmanager
    def claimed(self) -> Iterator[None]:
        """A context in which no other process can train into the folder. Raises TakenRun where one does.

        The lock belongs to the process, and ends with it in whatever way.
        """
        with open_plain(self.lock_file) as file:
            try:
                claim(file, seconds=PROBED)
            except InUse as error:
                raise TakenRun(
                    f"{self.path}: another training is writing there; wait for its end, or start anew without --resume"
                ) from error
            yield

    def running(self) -> bool:
        """Whether another process is training into the folder."""
        if not is_file(self.lock_file):
            return False
        try:
            with open_regular(self.lock_file) as file:
                claim(file, shared=True)
        except InUse:
            return True
        except OSError:  # removed since, or not ours to read
            return False
        return False

    def mark(self) -> Mark:
        """Return what tells one checkpoint from the next, which replaces it. Raises OSError where there is none."""
        status = self.checkpoint.stat()
        return status.st_ino, status.st_mtime_ns, status.st_size

    def resumable(self, facts: RunFacts) -> bool:
        """Whether the run is unfinished, has something to go on from, and nobody is training it."""
        return facts.state in UNFINISHED and is_file(self.checkpoint) and not self.running()

    def state(self, facts: RunFacts) -> str:
        """Return the state in words."""
        if facts.state != TRAINING:
            return facts.state
        return "training" if self.running() else "killed"
