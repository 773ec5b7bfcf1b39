"""Taking over the runs of older versions, which kept one run in NAME.run, and those of a comparison in NAME.compare."""

import contextlib
import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from graphnn.errors import WeightsError
from graphnn.runs.facts import FAILED, FINISHED, INTERRUPTED, RunFacts, epochs_of, local_time, numbers_of
from graphnn.runs.folder import RunFolder
from graphnn.runs.promotion import copy
from graphnn.runs.standing import weights_meta
from graphnn.runs.store import RunStore, one_at_a_time, written
from graphnn.storage.locks import InUse, claim
from graphnn.text.terminal import note
from graphnn.training.checkpoint import RunSettings, State, load_checkpoint

OLD_RUN, OLD_COMPARISON = ".run", ".compare"


def take_over(weights: Path, store: RunStore) -> list[str]:
    """Move the run that an older version kept beside a weights file into the store; return lines that say so.

    Raises WeightsError where an older version is training there, or the folder cannot be moved.
    """
    old = weights.with_suffix(OLD_RUN)
    with only_one(old) if is_run(old) else contextlib.nullcontext():
        return [moved(old, weights, store, keep_weights=True)] if is_run(old) else []


def take_over_comparison(folder: Path, store: RunStore) -> list[str]:
    """Move the trainings that an older version kept in the folder of a comparison, as `take_over` does."""
    if not is_folder(folder):
        return []
    with only_one(folder):
        if not is_folder(folder):
            return []
        olds = [old for old in sorted(folder.glob(f"*{OLD_RUN}")) if is_run(old)]
        lines = [moved(old, old.with_suffix(".npz"), store, keep_weights=False) for old in olds]
        if folder != store.folder and not any(folder.iterdir()):
            with written(folder):
                folder.rmdir()
        return lines


def take_over_all(weights: Path, store: RunStore) -> None:
    """Move the run and the comparison that older versions kept beside a weights file into its store, with notes."""
    for text in [*take_over(weights, store), *take_over_comparison(weights.with_suffix(OLD_COMPARISON), store)]:
        note(text)


def only_one(old: Path) -> AbstractContextManager[None]:
    """Return a context in which no other process takes over what lies beside an old folder. Raises WeightsError."""
    return one_at_a_time(old.parent, f"{old}: another process is taking it over; wait for its end")


def is_run(folder: Path) -> bool:
    """Whether a folder is one that an older version kept a run in: it has one of the files that each run has."""
    run = RunFolder(folder)
    return is_folder(folder) and any(os.path.lexists(file) for file in (run.checkpoint, run.history, run.document))


def is_folder(path: Path) -> bool:
    """Whether a path is a folder, and no link to one."""
    return path.is_dir() and not path.is_symlink()


def moved(old: Path, weights: Path, store: RunStore, *, keep_weights: bool) -> str:
    """Move the folder of an old run into the store, and its weights with it; return a line that says so.

    keep_weights: whether a copy of the weights stays where it is.
    """
    old_run = RunFolder(old)
    try:
        old_run.check()
    except WeightsError as error:
        raise WeightsError(f"{error}; the run of an older version in {old} cannot be taken over") from error
    refuse_running(old_run)
    with written(old):
        try:
            state, settings = load_checkpoint(old_run.checkpoint)
            between_epochs = state.step == 0 and not old_run.last.exists()  # as at the end, with or without all epochs
            own = between_epochs and is_of(settings, weights)
            facts = known(old_run, state, settings, weights if own else None)
        except WeightsError:  # nothing to go on from, but its files are kept
            facts, own = unknown(old_run), False
        if own:
            copy(weights, old_run.weights)
        facts.save(old_run.facts_file)
        run = store.make()
        if os.name == "nt":  # elsewhere an empty folder is replaced, so that no other process can take its number
            run.path.rmdir()
        old.rename(run.path)
        if own and not keep_weights:
            weights.unlink()
    return f"{old} is run {run.number} now: {run.path}"


def refuse_running(old: RunFolder) -> None:
    """Raise WeightsError where an older version is training into the folder, with its history locked."""
    if old.history.is_file() and os.access(old.history, os.W_OK):
        with old.history.open("a", encoding="utf-8") as file:
            try:
                claim(file)
            except InUse as error:
                raise WeightsError(f"{old.path}: an older version is training there; wait for its end") from error


def is_of(settings: RunSettings, weights: Path) -> bool:
    """Whether a weights file holds the weights of a run with these settings, as far as their document says."""
    try:
        meta = weights_meta(weights)
    except WeightsError:
        return False
    return meta is not None and meta.get("document") == settings.document


def known(old: RunFolder, state: State, settings: RunSettings, weights: Path | None) -> RunFacts:
    """Return the facts of an old run with a checkpoint. weights: those of the finished run.

    Raises WeightsError where the checkpoint's document says no number of epochs.
    """
    epochs = epochs_of(settings.document)
    if epochs is None:
        raise WeightsError(f"{old.checkpoint}: its document is damaged")
    meta: Mapping[str, Any] = (weights_meta(weights) if weights is not None else None) or {}
    return RunFacts(
        state=INTERRUPTED if weights is None else FINISHED,
        command="",
        versions={},
        started=time_of(old.history if old.history.exists() else old.checkpoint),
        ended=time_of(old.checkpoint),
        data=settings.data,
        limit=settings.limit,
        kernels=settings.kernels,
        epochs=epochs,
        done=state.epoch,
        samples=0,
        seconds=sum(record.seconds for record in state.history),
        figures=numbers_of(meta.get("metrics")),
    )


def unknown(old: RunFolder) -> RunFacts:
    """Return the facts of an old run without a checkpoint that can be read."""
    return RunFacts(
        state=FAILED,
        command="",
        versions={},
        started=time_of(old.path),
        data={},
        limit=None,
        kernels="",
        epochs=0,
        samples=0,
        figures={},
        message="its checkpoint is missing or damaged",
    )


def time_of(path: Path) -> str:
    """Return when a file was written, as a local time, ISO 8601."""
    return local_time(path.stat().st_mtime)
