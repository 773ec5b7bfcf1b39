"""OpenRun: a run's folder while this process trains into it; everything that a run writes goes through it."""

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from graphnn.runs.facts import FINISHED, RunFacts, now
from graphnn.runs.folder import Mark, RunFolder, TakenRun
from graphnn.runs.log import RunLog
from graphnn.runs.standing import weights_meta
from graphnn.runs.store import written
from graphnn.storage.replacing import replacing
from graphnn.storage.weights import save_weights
from graphnn.text.terminal import note
from graphnn.training.checkpoint import RunSettings, State, save_checkpoint
from graphnn.training.history import HistoryFile, Record
from graphnn.types import Array


class OpenRun:
    """A run's folder, claimed by this process. folder: its paths. facts: as they stand in run.json."""

    def __init__(self, folder: RunFolder, facts: RunFacts, history: HistoryFile) -> None:
        self.folder, self.facts = folder, facts
        self._history = history

    @classmethod
    @contextlib.contextmanager
    def opened(
        cls,
        folder: RunFolder,
        facts: RunFacts,
        document: Mapping[str, Any],
        metrics: Sequence[str],
        log: RunLog,
        *,
        validated: Sequence[str],
        records: Iterable[Record],
        mark: Mark | None = None,
    ) -> Iterator[Self]:
        """A context in which the folder is claimed; its facts, the resolved document and the history are written first.

        metrics: the names of those of training. validated: of those of validation. records: of the
        epochs that a resumed run has finished. mark: of its checkpoint, as it was read. Raises TakenRun where
        another process trains into the folder, or has trained since the checkpoint was read; WeightsError where a file
        cannot be written.
        """
        with contextlib.ExitStack() as stack:
            with written(folder.path):
                folder.check()
                stack.enter_context(folder.claimed())
                if mark is not None and folder.mark() != mark:
                    raise TakenRun(
                        f"{folder.path}: another process has trained this run since it was read here; resume it again"
                    )
                facts.save(folder.facts_file)
                with replacing(folder.document) as file:
                    file.write((json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode())
                history = HistoryFile(folder.history, metrics, validated=validated, records=records)
                stack.enter_context(history)
                log.attach(folder.log)
                stack.callback(end, log)
            yield cls(folder, facts, history)

    def append(self, record: Record) -> None:
        """Add the line of an epoch to the history."""
        with written(self.folder.history):
            self._history.append(record)

    def save_last(self, arrays: Mapping[str, Array], meta: Mapping[str, Any]) -> None:
        """Write the weights after the last finished epoch."""
        save_weights(self.folder.last, arrays, meta)

    def save_best(self, arrays: Mapping[str, Array], meta: Mapping[str, Any]) -> None:
        """Write the weights of the best epoch so far."""
        save_weights(self.folder.best, arrays, meta)

    def remove_best(self) -> None:
        """Remove the weights of a best epoch, as of a run that was continued without keeping them."""
        with written(self.folder.best):
            self.folder.best.unlink(missing_ok=True)

    def save_checkpoint(self, state: State, settings: RunSettings) -> None:
        """Write the state that --resume continues from."""
        save_checkpoint(self.folder.checkpoint, state, settings)

    def end(self, state: str, **changes: Any) -> None:
        """Write the facts of a run that has ended, in whatever way. Raises WeightsError."""
        self.facts = replace(self.facts, state=state, ended=now(), **changes)
        with written(self.folder.facts_file):
            self.facts.save(self.folder.facts_file)

    def finish(self, **changes: Any) -> None:
        """Write the facts of a run whose weights are written, and remove those of the unfinished run."""
        self.end(FINISHED, **changes)
        with written(self.folder.path):
            self.folder.last.unlink(missing_ok=True)
            self.folder.best.unlink(missing_ok=True)

    def weights_so_far(self, epochs: int) -> list[str]:
        """Return lines that say which weights of the unfinished run there are, and of which epoch.

        epochs: how many are finished.
        """
        lines = [
            f"{file} holds the weights {place} epoch {epoch}."
            for file, place in ((self.folder.last, "after"), (self.folder.best, "of the best epoch so far,"))
            if (epoch := epoch_of(file)) is not None
        ]
        reason = "" if epochs else ", because no epoch was finished"
        return lines or [f"No weights of run {self.folder.number} were written{reason}."]


def end(log: RunLog) -> None:
    """Close a log, and print a note where it could not be written."""
    log.close()
    if log.problem is not None:
        note(f"{log.problem}; it lacks what was printed from then on")


def epoch_of(weights: Path) -> float | None:
    """Return the epoch of which a weights file says that it holds the weights; None where there is no such file."""
    meta = weights_meta(weights, advice="")
    figures = {} if meta is None else meta.get("metrics")
    return figures.get("epochs") if isinstance(figures, dict) else None
