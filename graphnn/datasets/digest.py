"""The digests by which the parts of a data set are known again."""

import hashlib
import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from graphnn.datasets.base import Dataset
from graphnn.text.working import working
from graphnn.types import Array

TRAINING, TEST, CLASSES = "training data", "test data", "class names"  # the parts, as messages name them


def digests(dataset: Dataset) -> dict[str, str]:
    """Return the digest of each part of a data set, and of its class names, by the names above.

    The two parts are digested at the same time, because hashing lets other threads run.
    """
    parts = {TRAINING: (dataset.x_train, dataset.y_train), TEST: (dataset.x_test, dataset.y_test)}
    size = sum(array.nbytes for arrays in parts.values() for array in arrays)
    with working("digesting the data", size) as task, ThreadPoolExecutor(len(parts)) as pool:
        found = dict(
            zip(parts, pool.map(lambda arrays: digest(*arrays, done=task.advance), parts.values()), strict=True)
        )
    return {**found, CLASSES: hashlib.sha256(json.dumps(dataset.classes).encode()).hexdigest()}


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
        block = max(1, 2**22 // max(1, array[:1].nbytes))  # the copy in C order takes 4 MiB at a time
        for start in range(0, len(array), block):
            part = np.ascontiguousarray(array[start : start + block])
            total.update(part.data)
            done(part.nbytes)
    return total.hexdigest()
