"""The types of arrays and shapes, used in all modules."""

from typing import Any

import numpy as np

Array = np.ndarray[tuple[Any, ...], np.dtype[Any]]
PRECISIONS = (np.dtype(np.float32), np.dtype(np.float64))  # of a network's numbers
NUMERIC = "fiub"  # the kinds of dtypes that are numbers: floats, whole numbers, truth values
Shape = tuple[int, ...]  # without the batch axis: (C, H, W) or (features,)


def shape_text(shape: Shape) -> str:
    """Return a shape as text: 64×8×8."""
    return "×".join(str(size) for size in shape)
