"""What compiled functions are given: flat memory in which the channels lie next to one another, in whole vectors."""

import numpy as np

from graphnn.kernels.channels import in_memory_order
from graphnn.types import Array

WIDTH = 16  # numbers in a vector, float32


def fits(*arrays: Array) -> bool:
    """Whether all are float32 over channels-last memory, with numbers of channels that fill whole vectors."""
    return lie_alike(*arrays) and all(x.shape[1] % WIDTH == 0 for x in arrays)


def fill_a_vector(*arrays: Array) -> bool:
    """Whether all are float32 over channels-last memory, with as many channels as a vector has numbers, or more."""
    return lie_alike(*arrays) and all(x.shape[1] >= WIDTH for x in arrays)


def lie_alike(*arrays: Array) -> bool:
    """Whether all are float32 over channels-last memory without gaps, so that the same places hold the same numbers."""
    return all(x.dtype == np.float32 and in_memory_order(x).flags.c_contiguous for x in arrays)


def flat(x: Array) -> Array:
    """Return an array that `fits` as one row of numbers, a view; in 1 µs, where reshape takes as long for each axis."""
    return np.ndarray(x.size, x.dtype, in_memory_order(x).data)


def sizes(x: Array) -> tuple[int, int, int, int]:
    """Return n, H, W, C of images (n, C, H, W)."""
    n, channels, height, width = x.shape
    return n, height, width, channels
