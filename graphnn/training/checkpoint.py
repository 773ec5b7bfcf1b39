"""Everything that a training run needs to go on as if it had never stopped, in one file."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from graphnn.errors import SpecError, WeightsError
from graphnn.layers.base import LAYERS
from graphnn.layers.built import fragments
from graphnn.specification.spec import spec_from_values
from graphnn.storage.weights import load_weights, save_weights
from graphnn.training.history import Record
from graphnn.types import Array

VERSION = 1  # of the checkpoint's layout; a file of another version cannot be resumed


@dataclass(frozen=True)
class State:
    """Where a run stands. No generator's state is in it: draws are keyed by epoch and step.

    epoch: epochs that are finished; step: steps that are finished of the next one; updates: steps in all.
    sums: the loss's partial sums over the unfinished epoch's samples. seconds: what its steps took so far.
    schedule: as of Schedule.state. arrays: parameters, running statistics, optimizer state, by the trainer's names.
    """

    epoch: int
    step: int
    updates: int
    sums: list[float] | None
    seconds: float
    schedule: Mapping[str, Any]
    history: list[Record]
    arrays: Mapping[str, Array]


@dataclass(frozen=True)
class Identity:
    """What a run was started with; it can be resumed with the same only.

    document: resolved, with all defaults. data: a digest of the training part. limit: of --limit. kernels: their name.
    """

    document: Mapping[str, Any]
    data: str
    limit: int | None
    kernels: str

    def differences(self, now: "Identity", *, ignore: frozenset[str] = frozenset()) -> list[str]:
        """Return what differs in `now`, one line each, without what changes no result and without paths to ignore."""
        before, after = dict(leaves(with_defaults(self.document))), dict(leaves(now.document))
        paths = [*before, *(path for path in after if path not in before)]
        lines = [
            f"{path}: {value_text(before, path)} in the checkpoint, {value_text(after, path)} now"
            for path in paths
            if path not in ignore | FREE and (path not in before or path not in after or before[path] != after[path])
        ]
        if self.limit != now.limit:
            lines.append(f"--limit: {self.limit or 'none'} in the checkpoint, {now.limit or 'none'} now")
        elif self.data != now.data:
            lines.append("the training data are not those that the run was started with")
        if self.kernels != now.kernels:
            lines.append(f"--kernels: {self.kernels} in the checkpoint, {now.kernels} now")
        return lines


WITHOUT_EFFECT = {"$schema", "name", "format_version"}  # at the top of the document
# Where the data lie changes nothing, what they are does, of which there is a digest; views only add to what is told.
FREE = {"data.path", "evaluation.test_time_augmentation"}


def with_defaults(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a resolved document with the defaults of what documents could not say yet when it was written.

    One that is no document today is returned as it is.
    """
    try:
        return spec_from_values(document, plugins=fragments(LAYERS.added())).resolved()
    except SpecError:
        return document


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (path, value) of everything in a document that can change a result: layers[2].filters, 32."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            if key != "description" and not (path == "" and key in WITHOUT_EFFECT):
                yield from leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and any(isinstance(inner, Mapping) for inner in value):
        for index, inner in enumerate(value):
            yield from leaves(inner, f"{path}[{index}]")
    else:
        yield path, value


def value_text(values: Mapping[str, Any], path: str) -> str:
    """Return a value as the document writes it."""
    return json.dumps(values[path], ensure_ascii=False) if path in values else "absent"


def digest(*arrays: Array) -> str:
    """Return the SHA-256 of the arrays' values, types and shapes, whatever their memory order."""
    total = hashlib.sha256()
    for array in arrays:
        total.update(f"{array.dtype.str}{array.shape}".encode())
        block = max(1, 2**22 // max(1, array[:1].nbytes))  # 4 MiB at a time: a copy in C order of that much only
        for start in range(0, len(array), block):
            total.update(np.ascontiguousarray(array[start : start + block]).data)
    return total.hexdigest()


def save_checkpoint(path: Path, state: State, identity: Identity) -> None:
    """Write a checkpoint atomically: the file holds either what it held before or all of the new state."""
    meta = {
        "checkpoint_version": VERSION,
        "epoch": state.epoch,
        "step": state.step,
        "updates": state.updates,
        "sums": state.sums,
        "seconds": state.seconds,
        "schedule": dict(state.schedule),
        "history": [record.to_json() for record in state.history],
        "document": identity.document,
        "data": identity.data,
        "limit": identity.limit,
        "kernels": identity.kernels,
    }
    save_weights(path, state.arrays, meta)


def load_checkpoint(path: Path) -> tuple[State, Identity]:
    """Return what `save_checkpoint` wrote. Raises WeightsError where the file is not such a checkpoint."""
    file = load_weights(path)
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
    kernels = meta.get("kernels", "numpy")  # checkpoints from before there were others
    return state, Identity(document=meta["document"], data=meta["data"], limit=meta["limit"], kernels=kernels)
