"""Arrays that are handed over in Python, held against the network that is to take them."""

from typing import Any

import numpy as np

from graphnn.datasets.base import check_input_shape
from graphnn.errors import DataError
from graphnn.graph.graph import Graph
from graphnn.layers.built import described
from graphnn.types import Array, shape_text

LARGEST = float(np.finfo(np.float32).max)


def given_samples(graph: Graph, part: str, x: Any, y: Any) -> tuple[Array, Array]:
    """Return inputs and targets as arrays that fit the network and each other; `part` ends their names in messages.

    Raises DataError.
    """
    x_name, y_name = (f"{name}_{part}" if part else name for name in "xy")
    if x is None or y is None:
        raise DataError(f"{x_name} and {y_name} go together; one of them is missing")
    inputs, targets = given_inputs(graph, x_name, x), given_array(y_name, y)
    if len(inputs) == 0 or targets.shape[:1] != inputs.shape[:1]:
        found = f"{len(inputs)} and {len(targets) if targets.ndim else 'a single number'}"
        raise DataError(f"{x_name} and {y_name} need as many samples, at least 1, but have {found}")
    try:
        graph.loss.check_targets(targets, graph.output_shape)
    except DataError as error:
        raise DataError(f"{y_name}: {error}") from error
    return inputs, targets


def given_inputs(graph: Graph, name: str, x: Any) -> Array:
    """Return inputs as an array that fits the network, or that does so once flattened. Raises DataError."""
    inputs = given_array(name, x)
    if inputs.dtype.kind not in "fiub":
        raise DataError(f"{name} must hold numbers, but it holds {inputs.dtype}")
    if inputs.ndim < 2:
        raise DataError(f"{name} must be a batch N×{shape_text(graph.input_shape)}, but it is {described(inputs)}")
    check_input_shape(name, inputs.shape[1:], graph.input_shape)
    if inputs.size and not -LARGEST <= inputs.min() <= inputs.max() <= LARGEST:  # false for NaN too
        raise DataError(f"{name} holds numbers that are not finite in float32")
    return inputs


def given_array(name: str, values: Any) -> Array:
    """Return what is given as an array. Raises DataError where rows differ in length."""
    try:
        return np.asarray(values)
    except ValueError as problem:
        raise DataError(f"{name} must be an array: {problem}") from problem
