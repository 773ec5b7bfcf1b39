"""The digests by which the parts of a data set are known again."""

import hashlib
import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np

from graphnn.datasets.base import Dataset
from graphnn.datasets.mapped import MappedInputs
from graphnn.datasets.mapped_pages import let_go
from graphnn.text.working import working
from graphnn.types import Array

TRAINING, TEST, CLASSES = "training data", "test data", "class names"  # the parts, as messages name them
SUMMARIES = {TRAINING: "train", TEST: "test"}  # the keys of Dataset.summaries
COLUMNS = "columns"  # of a table


def digests(dataset: Dataset) -> dict[str, str]:
    """Return the digest of each part of a data set, of its class names and of a table's columns, by the names above.

    The two parts are digested at the same time, because hashing lets other threads run.
    """
    parts = (TRAINING, TEST)
    size = sum(array.nbytes for part in parts if not is_summed_up(dataset, part) for array in arrays_of(dataset, part))
    with working("digesting the data", size) as task, ThreadPoolExecutor(len(parts)) as pool:
        found = dict(zip(parts, pool.map(partial(digest_of, dataset, done=task.advance), parts), strict=True))
    found[CLASSES] = text_digest(dataset.classes)
    if dataset.table is not None:
        found[COLUMNS] = text_digest(dataset.table.to_json()["columns"])
    return found


def text_digest(values: Any) -> str:
    """Return the SHA-256 of JSON values."""
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()


def digest_of(dataset: Dataset, part: str, *, done: Callable[[int], object] = int) -> str:
    """Return the digest of TRAINING or TEST, which need not be read where it is known. done: as in `digest`."""
    if is_summed_up(dataset, part):
        return dataset.summaries[SUMMARIES[part]].digest
    return digest(*arrays_of(dataset, part), done=done)


def is_summed_up(dataset: Dataset, part: str) -> bool:
    """Whether the digest of TRAINING or TEST is known without reading the part."""
    return SUMMARIES[part] in dataset.summaries


def arrays_of(dataset: Dataset, part: str) -> tuple[Array, Array]:
    """Return the inputs and targets of TRAINING or TEST."""
    return (dataset.x_train, dataset.y_train) if part == TRAINING else (dataset.x_test, dataset.y_test)


def differing(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return the parts whose digests are known in both and differ."""
    return [part for part, value in now.items() if before.get(part, value) != value]


def digest(*arrays: Array, done: Callable[[int], object] = int) -> str:
    """Return the SHA-256 of the arrays' values, types and shapes; their memory order does not matter.

    done: called with the number of bytes that were digested.
    """
    total = hashlib.sha256()
    for array in arrays:
        total.update(f"{array.dtype.str}{array.shape}".encode())
        sample = array[:1].nbytes
        block = max(1, 2**22 // max(1, sample))  # the copy in C order takes 4 MiB at a time
        take = array.in_any_order if isinstance(array, MappedInputs) else array.__getitem__
        for start in range(0, len(array), block):
            total.update(np.ascontiguousarray(take(slice(start, start + block))).data)
            done(block * sample)
            let_go(array, block * sample)
    return total.hexdigest()
