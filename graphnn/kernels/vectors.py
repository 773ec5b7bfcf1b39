"""The arrays that compiled functions take: flat float32 in channels-last order, for vectors of sixteen values."""

import numpy as np

from graphnn.kernels.channels import in_memory_order
from graphnn.types import Array

WIDTH = 16  # float32 values per vector


def whole_vectors(*arrays: Array) -> bool:
    """Whether all arrays are `contiguous`, with a number of channels that is a multiple of WIDTH."""
    return contiguous(*arrays) and all(x.shape[1] % WIDTH == 0 for x in arrays)


def at_least_one_vector(*arrays: Array) -> bool:
    """Whether all arrays are `contiguous`, with at least WIDTH channels."""
    return contiguous(*arrays) and all(x.shape[1] >= WIDTH for x in arrays)


def contiguous(*arrays: Array) -> bool:
    """Whether all arrays are float32 in contiguous channels-last memory."""
    return all(x.dtype == np.float32 and in_memory_order(x).flags.c_contiguous for x in arrays)


def flat(x: Array) -> Array:
    """Return a `contiguous` array as a vector, a view; in 1 µs, where reshape takes as long per axis."""
    return np.ndarray(x.size, x.dtype, in_memory_order(x).data)


def sizes(x: Array) -> tuple[int, int, int, int]:
    """Return n, H, W, C of images (n, C, H, W)."""
    n, channels, height, width = x.shape
    return n, height, width, channels
