"""Stored inputs brought to the memory order and type of a data set, where possible in the memory that they have."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import DTypeLike

from graphnn.datasets.base import channels_last
from graphnn.types import Array

BLOCK = 1 << 19  # bytes of samples moved at a time, which stay in the cache


def laid_out(x: Array, dtype: DTypeLike | None = None) -> Array:
    """Return inputs as `dtype`, by default their own: vectors N×F in C order, images N×C×H×W in channels-last memory.

    x may be changed: images of that type are reordered sample by sample where they lie, without a second copy of all.
    """
    dtype = x.dtype if dtype is None else np.dtype(dtype)
    if x.ndim != 4:
        return np.ascontiguousarray(x, dtype)
    count, channels, height, width = x.shape
    shape = (count, height, width, channels)
    in_place = x.dtype == dtype and x.flags.c_contiguous and x.flags.writeable
    images: Array = x.reshape(shape) if in_place else np.empty(shape, dtype)
    if not in_place or channels > 1:
        for block in blocks(x):
            images[block] = x[block].transpose(0, 2, 3, 1).copy() if in_place else x[block].transpose(0, 2, 3, 1)
    return channels_last(images)


def blocks(x: Array) -> Iterator[slice]:
    """Yield the positions of the samples, some at a time."""
    step = max(1, BLOCK // max(1, x[:1].nbytes))
    return (slice(start, start + step) for start in range(0, len(x), step))
