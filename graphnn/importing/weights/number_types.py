"""The numbers of foreign files as float32, whatever type they are stored in."""

from pathlib import Path

import numpy as np

from graphnn.errors import WeightsError
from graphnn.importing.weights.modules import COUNTERS, PARTS, split
from graphnn.storage.weights import LONG, stored
from graphnn.text.suggestions import quoted
from graphnn.types import Array


def converted(array: Array, name: str, path: Path) -> Array | None:
    """Return an array of any type of floats as float32; None for one of other numbers that is no parameter.

    Raises WeightsError for a parameter of integers, of which it is not said what they stand for, and for a value beyond
    the range of float32.
    """
    if array.dtype.kind != "f":
        refuse_parameter(str(array.dtype), name, path)
        return None
    return stored(array, np.float32, name, path)


def refuse_parameter(dtype: str, name: str, path: Path) -> None:
    """Raise WeightsError where an array of other numbers than floats is a parameter, by its name."""
    last = split(name)[1]
    if last in PARTS and last not in COUNTERS:
        quantized = dtype.lower().lstrip("q") in ("int8", "uint8", "i8", "u8", "int4", "uint4", "int32")
        advice = "; save the weights before they are quantized" if quantized else ""
        raise WeightsError(f"{path}: {quoted(name, LONG)} is of {dtype}, where floats are needed{advice}")


def from_bfloat16(bits: Array) -> Array:
    """Return the float32 numbers of bfloat16 ones, given by their 16 bits as integers."""
    return (bits.astype(np.uint32) << 16).view(np.float32)
