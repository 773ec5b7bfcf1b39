"""Lets go of what was read of mapped files, which would otherwise count as memory of the process."""

import mmap
from collections import Counter

import numpy as np

from graphnn.datasets.mapped import MappedInputs
from graphnn.types import Array

# Bytes. Up to five times as many count, because the system maps some pages around each that is read.
READ_AT_MOST = 1 << 26

_read: Counter[int] = Counter()  # bytes read of each mapping since its pages were let go, in this process


def let_go(x: Array, count: int) -> None:
    """Say that `count` bytes of an array were read; now and then, the pages of the file in which it lies are let go.

    They stay in the system's own cache, from which they come back in about a microsecond. Nothing is done about arrays
    in memory, or where the system cannot do it.
    """
    mapping = mapping_of(x)
    if mapping is None or not hasattr(mmap, "MADV_DONTNEED"):
        return
    _read[id(mapping)] += count
    if _read[id(mapping)] >= READ_AT_MOST:
        _read[id(mapping)] = 0
        mapping.madvise(mmap.MADV_DONTNEED)  # of pages that are shared with a file, which keeps what they hold


def mapping_of(x: Array | MappedInputs) -> mmap.mmap | None:
    """Return the mapping of the file in which an array lies; None for one in memory."""
    base: object = x.stored if isinstance(x, MappedInputs) else x
    while isinstance(base, np.ndarray):
        base = base.base
    return base if isinstance(base, mmap.mmap) else None
