"""The checkpoint of a training run: everything needed to go on as if it had never stopped, in one file."""

from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

from graphnn.datasets.digest import TRAINING, differing
from graphnn.errors import WeightsError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.layers.settings import added_fragments
from graphnn.specification.differences import difference_text, differences
from graphnn.specification.split_seed import holds_out
from graphnn.storage.weights import load_weights, save_weights
from graphnn.training.history import Record
from graphnn.types import Array

VERSION = 1  # of the checkpoint's layout; a file of another version cannot be resumed


@frozen_dataclass
class State:
    """The progress of a run. It has no state of random generators, because draws are keyed by epoch and step.

    epoch: the number of finished epochs; step: the number of finished steps of the next epoch; updates: of all steps.
    sums: the loss's partial sums over the unfinished epoch's samples. seconds: the time its steps took so far.
    schedule: from Rates.state. arrays: parameters, running statistics and optimizer state, by the trainer's names.
    """

    epoch: int
    step: int
    updates: int
    sums: list[float] | None
    seconds: float
    schedule: Mapping[str, Any]
    history: list[Record]
    arrays: Mapping[str, Array]


@frozen_dataclass
class RunSettings:
    """The settings of a run; it can only be resumed with equal ones.

    document: resolved, with all defaults. data: the digests of the data set's parts, by name. limit: that of --limit.
    kernels: their name.
    """

    document: Mapping[str, Any]
    data: Mapping[str, str]
    limit: int | None
    kernels: str

    def differences(
        self, now: "RunSettings", *, ignore: Set[str] = frozenset(), where: str = "in the checkpoint"
    ) -> list[str]:
        """Return the differences to `now`, a line each, except those in `ignore` and those that change no result.

        ignore: paths in the document, and parts of the data that are not used. where: the words in messages for where
        these settings come from.
        """
        if self.limit is None and not (holds_out(self.document) or holds_out(now.document)):
            ignore = ignore | {"data.seed"}  # nothing is drawn by it
        changed = differences(self.document, now.document, ignore=ignore, plugins=added_fragments())
        lines = [one.text(where, "now") for one in changed]
        if self.limit != now.limit:
            before, after = (str(one.limit or "none") for one in (self, now))
            lines.append(difference_text("--limit", before, after, where, "now"))
        else:
            changed_parts = [part for part in differing(self.data, now.data) if part not in ignore]
            lines += [f"the {part} are not those that the run was started with" for part in changed_parts]
        if self.kernels != now.kernels:
            lines.append(difference_text("--kernels", self.kernels, now.kernels, where, "now"))
        return lines


def save_checkpoint(path: Path, state: State, settings: RunSettings) -> None:
    """Write a checkpoint atomically: the file has either its previous content or all of the new one."""
    meta = {
        "checkpoint_version": VERSION,
        "epoch": state.epoch,
        "step": state.step,
        "updates": state.updates,
        "sums": state.sums,
        "seconds": state.seconds,
        "schedule": dict(state.schedule),
        "history": [record.to_json() for record in state.history],
        "document": settings.document,
        "data": dict(settings.data),
        "limit": settings.limit,
        "kernels": settings.kernels,
    }
    save_weights(path, state.arrays, meta)


def load_checkpoint(path: Path) -> tuple[State, RunSettings]:
    """Return what `save_checkpoint` wrote.

    Raises WeightsError where the file is not a checkpoint of this version, or has a number that is not finite, as no
    checkpoint of a run has.
    """
    file = load_weights(path, check_finite=True)
    meta = file.meta
    if meta.get("checkpoint_version") != VERSION:
        raise WeightsError(f"{path}: not a checkpoint that this version can resume; start anew without --resume")
    state = State(
        epoch=meta["epoch"],
        step=meta["step"],
        updates=meta["updates"],
        sums=meta["sums"],
        seconds=meta["seconds"],
        schedule=meta["schedule"],
        history=[Record.from_json(values) for values in meta["history"]],
        arrays=file.arrays,
    )
    kernels = meta.get("kernels", "numpy")  # checkpoints from before compiled kernels have no name
    data = meta["data"]
    if isinstance(data, str):  # of the training part alone, as older versions wrote it
        data = {TRAINING: data}
    return state, RunSettings(document=meta["document"], data=data, limit=meta["limit"], kernels=kernels)
