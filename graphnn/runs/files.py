"""RunFiles: the files that a training run writes: the weights beside the document, and the run's folder beside them."""

import contextlib
import filecmp
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from graphnn.errors import WeightsError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.storage.archives import replacing
from graphnn.storage.weights import save_weights
from graphnn.training.history import HistoryFile, InUse, Record, claim
from graphnn.types import Array


@frozen_dataclass
class RunFiles:
    """The paths of a run's files. weights: NAME.npz; all other files are in NAME.run beside it."""

    weights: Path

    @property
    def folder(self) -> Path:
        """The folder of the run."""
        return self.weights.with_suffix(".run")

    @property
    def checkpoint(self) -> Path:
        """The state that --resume continues from."""
        return self.folder / "checkpoint.npz"

    @property
    def history(self) -> Path:
        """The metrics, one line for each epoch."""
        return self.folder / "history.csv"

    @property
    def document(self) -> Path:
        """The document with all defaults and overrides."""
        return self.folder / "resolved.json"

    @property
    def last(self) -> Path:
        """The weights after the last finished epoch of an unfinished run."""
        return self.folder / "last.npz"

    @property
    def best(self) -> Path:
        """The weights of the best epoch so far of an unfinished run, if the document keeps the best."""
        return self.folder / "best.npz"

    @property
    def previous(self) -> Path:
        """The weights that the last finished run has replaced."""
        return self.folder / "previous.npz"

    def check(self, *, data: Path | None = None) -> None:
        """Raise WeightsError where a file of the run could not be written; writes nothing.

        data: the file of the data set, which the run must not replace.
        """
        if self.weights.suffix != ".npz":
            raise WeightsError(f"{self.weights}: the name of a weights file ends in .npz")
        parent = self.weights.parent
        if not parent.is_dir():
            raise WeightsError(f"{self.weights}: there is no folder {parent}; make it first")
        if self.folder.exists() and not self.folder.is_dir():
            raise WeightsError(f"{self.folder}: is in the way: a folder of this name is needed for the run")
        for folder in (parent, self.folder):
            if folder.exists():
                check_writable_folder(folder)
        files = (self.weights, self.checkpoint, self.history, self.document, self.last, self.best, self.previous)
        if data is not None and data.resolve() in (file.resolve() for file in files):
            raise WeightsError(
                f"{data}: this is the data set, which the weights would replace; write them elsewhere with --output, "
                "or give the data another name"
            )
        for file in files:
            if file.is_dir():
                raise WeightsError(f"{file}: is a folder, where a file is to be written")
            if file.exists() and not os.access(file, os.W_OK):
                raise WeightsError(f"{file}: is not writable")

    def check_free(self) -> None:
        """Raise WeightsError where another process is training into the same folder."""
        if self.history.exists():
            with self.history.open("a", encoding="utf-8") as file, self._claiming():
                claim(file)

    @contextlib.contextmanager
    def _claiming(self) -> Iterator[None]:
        try:
            yield
        except InUse as error:
            raise WeightsError(
                f"{self.folder}: another training is writing there; wait for its end, or write elsewhere with --output"
            ) from error

    def open(
        self, document: Mapping[str, Any], metrics: Sequence[str], *, validated: bool, records: Iterable[Record]
    ) -> HistoryFile:
        """Make the folder, write the resolved document, and return the open history. Raises WeightsError.

        records: of the epochs that a resumed run has finished.
        """
        try:
            self.folder.mkdir(exist_ok=True)
            with contextlib.ExitStack() as stack:
                with self._claiming():
                    history = HistoryFile(self.history, metrics, validated=validated, records=records)
                stack.enter_context(history)
                with replacing(self.document) as file:
                    file.write((json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode())
                stack.pop_all()
            return history
        except OSError as error:
            raise WeightsError(f"{error.filename or self.folder}: cannot be written: {error.strerror}") from error

    def finish(self, arrays: Mapping[str, Array], meta: Mapping[str, Any]) -> None:
        """Write the final weights beside the document; an older file with other content is kept as `previous`."""
        save_weights(self.last, arrays, meta)
        if not (self.weights.exists() and filecmp.cmp(self.last, self.weights, shallow=False)):
            if self.weights.exists():
                with self.weights.open("rb") as old, replacing(self.previous) as file:
                    shutil.copyfileobj(old, file)
            save_weights(self.weights, arrays, meta)
        self.last.unlink()
        self.best.unlink(missing_ok=True)

    def weights_so_far(self, epochs: int, *, best: str | None = None) -> list[str]:
        """Return lines that say which weights exist after an unfinished run.

        epochs: how many it has finished. best: the best of them in words, if its weights are kept.
        """
        lines = [f"{self.last} holds the weights after epoch {epochs}."] if epochs else []
        lines += [f"{self.best} holds those of {best}."] if best is not None else []
        if self.weights.exists():
            return [*lines, f"{self.weights} is as it was before this run."]
        return lines or ["No weights were written, because no epoch was finished."]


def check_writable_folder(folder: Path) -> None:
    """Raise WeightsError unless a file can be written in the folder."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise WeightsError(f"{folder}: nothing can be written there: {error.strerror}") from error
