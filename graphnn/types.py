"""The two types that every module speaks of."""

from typing import Any

import numpy.typing as npt

Array = npt.NDArray[Any]
Shape = tuple[int, ...]  # without the batch axis: (C, H, W) or (features,)


def shape_text(shape: Shape) -> str:
    """Return a shape as people write it: 64×8×8."""
    return "×".join(str(size) for size in shape)
