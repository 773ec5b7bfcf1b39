"""The normalisation of samples, as the first nodes of an ONNX file."""

import numpy as np

from graphnn.datasets.precision import EXACT
from graphnn.datasets.preparation import Normalisation, spread
from graphnn.exporting.onnx.graph import OnnxGraph
from graphnn.exporting.single_precision import check_single
from graphnn.types import Array, Shape

NORMALISATION = "normalisation"  # names of nodes begin so


def write_normalisation(graph: OnnxGraph, normalisation: Normalisation, input_shape: Shape, x: str) -> str:
    """Write y = (x − offset) / divisor, and a Flatten where the network takes vectors; return the name of y.

    An offset that float32 would round is subtracted in two parts, its float32 and the rest, so that float32 is as exact
    as float64. Raises ExportError where samples in float32 cannot hold what the network was trained on.
    """
    check_single(normalisation)
    shape = normalisation.shape
    offset, divisor = (in_place(values, shape) for values in (normalisation.offset, normalisation.divisor))
    for part, values in offset_parts(offset, divisor):
        amount = graph.constant(f"{NORMALISATION}/offset{part}", values)
        x = graph.node("Sub", f"{NORMALISATION}/subtract{part}", x, amount)
    if (divisor != 1).any():
        scale = graph.constant(f"{NORMALISATION}/divisor", divisor.astype(np.float32))
        x = graph.node("Div", f"{NORMALISATION}/divide", x, scale)
    if len(input_shape) < len(shape):
        x = graph.node("Flatten", f"{NORMALISATION}/flatten", x, axis=1)
    return x


def in_place(values: tuple[float, ...], shape: Shape) -> Array:
    """Return constants so that they broadcast against n×shape: one number, C×1×1 for channels, or one a feature."""
    if len(values) == 1:
        return np.array(values[0])
    if len(values) == shape[0] and len(shape) == 3:
        return np.array(values).reshape(-1, 1, 1)
    return spread(values, shape).reshape(shape)


def offset_parts(offset: Array, divisor: Array) -> list[tuple[str, Array]]:
    """Return what to subtract one after the other, float32, each with the end of its name; nothing where it is 0."""
    high = offset.astype(np.float32)
    low = (offset - high).astype(np.float32)
    parts = [("", high)] if high.any() else []
    return [*parts, ("_rest", low)] if (np.abs(low) > EXACT * divisor).any() else parts
