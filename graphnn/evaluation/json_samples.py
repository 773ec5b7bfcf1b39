"""Samples in JSON: arrays of numbers of the shapes that an .npy file may have."""

from typing import Any

import numpy as np

from graphnn.errors import DataError
from graphnn.evaluation.array_parts import finite_samples
from graphnn.evaluation.inputs import Reader
from graphnn.evaluation.json_values import NoValue
from graphnn.types import NUMERIC, Array, shape_text


def json_samples(value: Any, reader: Reader, where: str) -> Array:
    """Return the samples in a value, as float64: one, or a batch of them. where: for messages. Raises DataError."""
    if isinstance(value, NoValue):
        raise DataError(value.problem)
    needed = shape_text(reader.data_shape)
    if isinstance(value, dict):
        raise DataError(f"{where}: is an object, where a list of {needed} numbers is needed, or a list of such lists")
    try:
        x = np.array(value)
    except (ValueError, OverflowError):  # lists of different lengths, or integers of more than 64 bits
        x = np.array(None)
    if x.dtype.kind not in NUMERIC:
        raise DataError(f"{where}: is no array of numbers; one sample is {needed}, a batch N×{needed}")
    for shape in reader.accepted_shapes():
        if x.shape == shape or (x.ndim > len(shape) and x.shape[1:] == shape):
            if not finite_samples(x).all():
                raise DataError(f"{where}: holds numbers that are not finite")
            return x.reshape(-1, *reader.data_shape).astype(np.float64)
    raise DataError(f"{where}: {reader.shape_message(x.shape)}")
