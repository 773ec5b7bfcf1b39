"""The precision that a Model, or a layer by itself, computes in."""

from typing import Any

import numpy as np

from graphnn.errors import GraphError
from graphnn.types import PRECISIONS


def checked_dtype(dtype: Any) -> np.dtype[Any]:
    """Return the dtype, float32 or float64, that is given by its name, type or dtype. Raises GraphError for others."""
    try:
        for known in PRECISIONS:
            if dtype is not None and np.dtype(dtype) == known:  # numpy takes None for float64
                return known
    except (TypeError, ValueError):
        pass
    raise GraphError(f'dtype must be "float32" or "float64", not {dtype!r}')
