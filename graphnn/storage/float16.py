"""Weights in half the space: rounded to float16."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from graphnn.errors import WeightsError
from graphnn.types import Array


def check_free(file: Path) -> None:
    """Raise WeightsError where a weights file of this name cannot be written, or would replace another file."""
    if file.suffix != ".npz":
        raise WeightsError(f"{file}: the name of a weights file ends in .npz")
    if file.exists():
        raise WeightsError(f"{file}: is there already; give another name, or remove it")
    if not file.parent.is_dir():
        raise WeightsError(f"{file}: there is no folder {file.parent}; make it first")


def round_to_float16(arrays: Mapping[str, Array], file: Path) -> None:
    """Round arrays in place to the nearest numbers of float16. Raises WeightsError where one is too large for it.

    file: where they come from, for the message.
    """
    largest = float(np.finfo(np.float16).max)
    for name, array in arrays.items():
        if np.abs(array).max(initial=0) > largest:
            raise WeightsError(f'{file}: "{name}" holds numbers beyond {largest:,.0f}, the largest of float16')
        array[...] = array.astype(np.float16)
