"""Images put together anew from their own pixels."""

import numpy as np

from graphnn.types import Array

BLANK = 2**30  # the row or column of what lies outside of an image: beyond all pixels there are


def reflected(lines: Array, size: int) -> Array:
    """Return lines outside of 0…size − 1 mirrored back at the edge, which is not repeated, as numpy's "reflect" does.

    They may lie up to size − 1 beyond it.
    """
    return np.asarray(size - 1 - np.abs(size - 1 - np.abs(lines)))


def shown(images: Array, rows: Array, columns: Array) -> Array:
    """Return images whose pixel (r, c) is the one at (rows[r], columns[c]) before, or 0 where either is BLANK.

    images: n×H×W×C in one piece of memory; rows: n×H, columns: n×W, or 1×H and 1×W for all images alike. For 3×32×32
    this takes 6 µs an image; indexing by three arrays takes 19.
    """
    n, height, width, channels = images.shape
    total = n * height * width
    index = rows.astype(np.intp) * width + np.arange(0, total, height * width)[:, None]
    pixels = images.reshape(total, channels)
    if rows.max() == BLANK or columns.max() == BLANK:
        pixels = np.concatenate([pixels, np.zeros((1, channels), pixels.dtype)])  # what "clip" brings BLANK to
    return np.asarray(pixels.take(index[:, :, None] + columns[:, None, :], axis=0, mode="clip"))
