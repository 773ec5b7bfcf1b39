"""Whose weights stand beside a document: those of the latest training of the document as it is written.

A try, which is a training with --limit, or with changes to the document, does not take the place of such weights, nor
does a training that differs from them only in having fewer epochs. While no whole run is kept, the tries take the place
of one another, unless the one that is there has seen more samples.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graphnn.errors import WeightsError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.layers.settings import added_fragments
from graphnn.runs.facts import FINISHED, FOUND, RunFacts, epochs_of, now, numbers_of
from graphnn.runs.folder import RunFolder
from graphnn.runs.standing import Standing, standing
from graphnn.runs.store import NotWritableError, RunStore, check_writable_folder, run_around, written
from graphnn.specification.differences import differences
from graphnn.storage.regular_files import is_file
from graphnn.storage.replacing import replacing
from graphnn.text.terminal import note


@frozen_dataclass
class Destination:
    """Where the weights of finished runs are found by other commands.

    weights: NAME.npz beside the document, or another file. named: whether the user has named it, by --output, and so
    wants the weights of any run there. promote: the command that puts a run's weights there, before the run's number.
    """

    weights: Path
    named: bool = False
    promote: str = "graphnn runs --promote"

    def check(self, *, data: Path | None = None) -> None:
        """Raise WeightsError where no weights can be put there, NotWritableError last; writes nothing.

        data: the file of the data set.
        """
        check_name(self.weights)
        if not self.weights.parent.is_dir():
            raise WeightsError(f"{self.weights}: there is no folder {self.weights.parent}; make it first")
        refuse_in_run(self.weights)
        if data is not None and os.path.realpath(data) == os.path.realpath(self.weights):
            raise WeightsError(
                f"{data}: this is the data set, which the weights would replace; write them elsewhere with --output, "
                "or give the data another name"
            )
        check_writable_folder(Path(os.path.realpath(self.weights)).parent)
        if self.weights.is_file() and not os.access(self.weights, os.W_OK):
            raise NotWritableError(
                f"{self.weights}: is not writable; write the weights elsewhere with --output, or move it"
            )

    def receive(self, run: RunFolder, facts: RunFacts, document: Mapping[str, Any], store: RunStore) -> str | None:
        """Put the weights of a run there, or return a sentence that says why those that are there stay.

        Raises WeightsError where they cannot be written, or something is there that is no weights file.
        """
        with store.promoting():
            before = standing(self.weights, store)
            own = self.named or (before is not None and before.run == run)
            whole = None if own or facts.whole else latest_whole(store)
            reason = None if own else reason_to_stay(before, whole, facts, document)
            if reason is None:
                put(run.weights, self.weights, before, store)
                return None
        if before is not None:
            return (
                f"{self.weights} stays as {before.name}: {reason}. To put this one there: {self.promote} {run.number}"
            )
        assert whole is not None
        return (
            f"{self.weights} is not written: {reason}, and run {whole.number} is a whole one. To put that one there: "
            f"{self.promote} {whole.number}"
        )


def check_name(weights: Path) -> None:
    """Raise WeightsError where a weights file cannot have this name."""
    if weights.suffix != ".npz":
        raise WeightsError(f"{weights}: the name of a weights file ends in .npz")


def latest_whole(store: RunStore) -> RunFolder | None:
    """Return the latest finished run of a document as it was written, on all samples; None where there is none."""
    known = (run for run, facts in store.readable() if facts.whole and facts.state == FINISHED and is_file(run.weights))
    return max(known, key=lambda run: run.number, default=None)


def reason_to_stay(
    before: Standing | None, whole: RunFolder | None, facts: RunFacts, document: Mapping[str, Any]
) -> str | None:
    """Return why the weights of a run are not put there, as a sentence; None where they are.

    before: what is there. whole: a whole run, where there is one and this one is a try.
    """
    if facts.whole:
        shorter = before is not None and is_shorter(before, facts, document)
        return f"this run had only {facts.epochs:g} epochs" if shorter else None
    tried = f"this run was a try ({facts.shortened})"
    if whole is not None:
        return tried
    if before is None:
        return None
    if before.whole:
        return tried
    if before.facts is None:
        return f"{tried}, and the weights there may have seen more samples"
    return f"{tried}, trained for less" if before.facts.samples > facts.samples else None


def is_shorter(before: Standing, facts: RunFacts, document: Mapping[str, Any]) -> bool:
    """Whether a run differs from the weights that are there, if these are of a whole run, only in fewer epochs."""
    known = before.document
    if known is None or not before.whole:
        return False
    epochs = epochs_of(known)
    if epochs is None or epochs <= facts.epochs:
        return False
    return not differences(known, document, ignore={"training.epochs"}, plugins=added_fragments())


def put(source: Path, weights: Path, before: Standing | None, store: RunStore) -> None:
    """Copy a run's weights to the place beside the document; weights there that no run has are kept as a run.

    Raises WeightsError.
    """
    refuse_in_run(weights)
    if before is not None and before.run is None:
        with written(store.folder):
            kept = keep(before, store)
        note(f"{weights} was of no run that is known here; it is kept as run {kept.number}, in {kept.path}")
    try:
        copy(source, weights)
    except OSError as error:
        raise WeightsError(f"{weights}: cannot be written: {error.strerror}") from error


def refuse_in_run(weights: Path) -> None:
    """Raise WeightsError where a path leads into the folder of a run, whose files no other run replaces."""
    run = run_around(weights)
    if run is not None:
        leads, advice = ("is a link into", "remove the link, or ") if weights.is_symlink() else ("lies in", "")
        raise WeightsError(
            f"{weights}: {leads} {run}, the folder of a run, whose files no other run replaces; "
            f"{advice}write the weights elsewhere with --output"
        )


def keep(before: Standing, store: RunStore) -> RunFolder:
    """Copy weights of another origin into a run of their own, and return it. Raises OSError."""
    run = store.make()
    facts = RunFacts(
        state=FOUND,
        command="",
        versions={},
        started=now(),
        data={},
        limit=None,
        kernels="",
        epochs=0,
        samples=0,
        figures=numbers_of(before.meta.get("metrics")),
    )
    try:
        copy(before.weights, run.weights)
        facts.save(run.facts_file)
    except OSError:  # no half run is left
        shutil.rmtree(run.path, ignore_errors=True)
        raise
    return run


def copy(source: Path, target: Path) -> None:
    """Copy a file whole or not at all; a link at the target is followed. Raises OSError."""
    with source.open("rb") as old, replacing(target, follow=True) as new:
        shutil.copyfileobj(old, new)
