"""Connected pieces of a mask, by its runs: pixels that touch along a side or at a corner belong together."""

import numpy as np

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.types import Array


@frozen_dataclass
class Pieces:
    """The n pieces of a mask H×W. labels: of each pixel 1…n, 0 outside of the mask. areas: n, in pixels.

    boxes: n×4, the first row and column of each, and those after its last.
    """

    labels: Array
    areas: Array
    boxes: Array


def pieces_of(mask: Array) -> Pieces:
    """Return the connected pieces of a mask H×W, in the order of their first rows."""
    height, width = mask.shape
    edges = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, starts = np.nonzero(edges == 1)
    ends = np.nonzero(edges == -1)[1]
    roots = joined(len(rows), *touching(rows, starts, ends, width))
    numbers = np.unique(roots, return_inverse=True)[1]
    count = int(numbers.max()) + 1 if numbers.size else 0
    changes = np.zeros((height, width + 1), np.int64)
    changes[rows, starts] += numbers + 1
    changes[rows, ends] -= numbers + 1
    boxes = np.empty((count, 4), np.int64)
    for column, (limit, values) in enumerate(
        ((np.minimum, rows), (np.minimum, starts), (np.maximum, rows + 1), (np.maximum, ends))
    ):
        boxes[:, column] = max(height, width) if limit is np.minimum else 0
        limit.at(boxes[:, column], numbers, values)
    areas = np.bincount(numbers, ends - starts, count).astype(np.int64)
    return Pieces(changes.cumsum(axis=1)[:, :width], areas, boxes)


def touching(rows: Array, starts: Array, ends: Array, width: int) -> tuple[Array, Array]:
    """Return the pairs of runs, as two arrays of their indices, that touch in neighbouring rows."""
    stride = width + 2
    first = np.searchsorted(rows * stride + ends, (rows + 1) * stride + starts)
    after = np.searchsorted(rows * stride + starts, (rows + 1) * stride + ends, side="right")
    counts = np.maximum(after - first, 0)
    upper = np.repeat(np.arange(len(rows)), counts)
    within = np.arange(len(upper)) - np.repeat(counts.cumsum() - counts, counts)
    return upper, np.repeat(first, counts) + within


def joined(count: int, one: Array, other: Array) -> Array:
    """Return for each of `count` things the least index among those that pairs join it with, directly or not."""
    roots = np.arange(count)
    while True:
        before = roots.copy()
        low = np.minimum(roots[one], roots[other])
        np.minimum.at(roots, roots[one], low)
        np.minimum.at(roots, roots[other], low)
        np.minimum.at(roots, one, low)
        np.minimum.at(roots, other, low)
        roots = roots[roots]
        if (roots == before).all():
            return roots
