"""The checkpoint of a training run: everything needed to go on as if it had never stopped, in one file."""

import math
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Any

import numpy as np

from graphnn.datasets.digest import TRAINING, differing
from graphnn.errors import WeightsError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.layers.settings import added_fragments
from graphnn.specification.differences import difference_text, differences
from graphnn.specification.split_seed import holds_out
from graphnn.storage.described import read_described, write_described
from graphnn.storage.json_checks import Check, either, keys, number, or_null, rows, text, values, whole
from graphnn.storage.weights import as_float32, as_json, open_weights, refuse_non_finite, stored
from graphnn.storage.weights_metadata import OBJECT, check_meta
from graphnn.training.history import Record
from graphnn.training.history_array import history_array, history_from
from graphnn.types import Array

# Of the checkpoint's layout; 1 had the history in its metadata, 2 the same metrics for training and validation.
VERSION = 3
HISTORY = "history"

NUMBERS = values(or_null(number()))
PLATEAU = {"reduced": number(), "waited": whole()}
COMMON = {
    "epoch": whole(),
    "step": whole(),
    "updates": whole(),
    "sums": or_null(rows(number())),
    "seconds": number(0),
    "schedule": values(or_null(number()), {**PLATEAU, "groups": rows(values(or_null(number()), PLATEAU))}),
    "document": keys({"training": keys({"epochs": number(0)})}, {"data": OBJECT}),
    "data": either(text, values(text)),
    "limit": or_null(whole(1)),
}
RECORD = keys(
    {
        "epoch": whole(1),
        "training": NUMBERS,
        "validation": or_null(NUMBERS),
        "learning_rate": number(),
        "seconds": number(),
        "images_per_second": number(),
    }
)
NAMES = {"epochs": whole(1), "metrics": rows(text), "validation": rows(text)}
METADATA: Mapping[int, Check] = {  # of each version
    1: keys({**COMMON, "history": rows(RECORD)}, {"kernels": text}),
    2: keys({**COMMON, "metric_names": rows(keys({"epochs": whole(1), "metrics": rows(text)})), "kernels": text}),
    3: keys({**COMMON, "metric_names": rows(keys(NAMES)), "kernels": text}),
}


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

    def without_effect(self, now: "RunSettings") -> Set[str]:
        """Return the settings of the document by which neither run draws anything."""
        return (
            {"data.seed"}
            if self.limit is None and not (holds_out(self.document) or holds_out(now.document))
            else frozenset()
        )

    def differences(
        self, now: "RunSettings", *, ignore: Set[str] = frozenset(), where: str = "in the checkpoint"
    ) -> list[str]:
        """Return the differences to `now`, a line each, except those in `ignore` and those that change no result.

        ignore: paths in the document, and parts of the data that are not used. where: the words in messages for where
        these settings come from.
        """
        ignore = ignore | self.without_effect(now)
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
    """Write a checkpoint atomically: the file has either its previous content or all of the new one.

    Raises WeightsError where it cannot be written.
    """
    history, names = history_array(state.history)
    meta = {
        "checkpoint_version": VERSION,
        "epoch": state.epoch,
        "step": state.step,
        "updates": state.updates,
        "sums": state.sums,
        "seconds": state.seconds,
        "schedule": dict(state.schedule),
        "metric_names": names,
        "document": settings.document,
        "data": dict(settings.data),
        "limit": settings.limit,
        "kernels": settings.kernels,
    }
    arrays = {name: stored(array, np.float32, name, path) for name, array in state.arrays.items()}
    write_described(path, {**arrays, HISTORY: history}, as_json(meta))


def load_checkpoint(path: Path) -> tuple[State, RunSettings]:
    """Return what `save_checkpoint` wrote.

    Raises WeightsError where the file is not a checkpoint of a known version, is damaged, or has a number that is not
    finite, as no checkpoint of a run has.
    """
    with open_weights(path) as archive:
        arrays, meta = read_described(archive)
    version = None if meta is None else meta.get("checkpoint_version")
    if meta is None or type(version) is not int or version not in METADATA:
        raise WeightsError(f"{path}: not a checkpoint that this version can resume; start anew without --resume")
    check_meta(meta, METADATA[version], path)
    try:
        if version == 1:
            history = [Record(**values) for values in map(with_nan, meta["history"])]
        else:
            history = history_from(arrays.pop(HISTORY), meta["metric_names"])
        check_progress(meta, history)
    except (KeyError, ValueError) as problem:
        said = f"it has no {problem}" if isinstance(problem, KeyError) else problem
        raise WeightsError(f"{path}: the checkpoint is damaged: {said}") from problem
    arrays = {name: as_float32(array, name, path) for name, array in arrays.items()}
    refuse_non_finite(arrays, path)
    state = State(
        epoch=meta["epoch"],
        step=meta["step"],
        updates=meta["updates"],
        sums=meta["sums"],
        seconds=meta["seconds"],
        schedule=meta["schedule"],
        history=history,
        arrays=arrays,
    )
    kernels = meta.get("kernels", "numpy")  # checkpoints from before compiled kernels have no name
    data = meta["data"]
    if isinstance(data, str):  # of the training part alone, as older versions wrote it
        data = {TRAINING: data}
    return state, RunSettings(document=meta["document"], data=data, limit=meta["limit"], kernels=kernels)


def with_nan(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a record of version 1 with NaN for null, which stood for it."""
    metrics = {
        part: {name: math.nan if value is None else value for name, value in record[part].items()}
        for part in ("training", "validation")
        if record[part] is not None
    }
    return {**record, **metrics}


def check_progress(meta: Mapping[str, Any], history: Sequence[Record]) -> None:
    """Raise ValueError where the numbers of epochs, steps and records in a checkpoint contradict each other."""
    epochs = [record.epoch for record in history]
    if epochs != list(range(1, meta["epoch"] + 1)):
        raise ValueError(f"after {meta['epoch']} epochs, its history has {len(history)} records")
    if (meta["step"] > 0) != (meta["sums"] is not None):
        sums = "no sums" if meta["sums"] is None else "sums"
        raise ValueError(f"after {meta['step']} steps of the next epoch, it has {sums} of their losses")
