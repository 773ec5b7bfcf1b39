"""Checks of arrays against the network that takes them."""

import math
from typing import Any

import numpy as np

from graphnn.datasets.agreement import scale_problem
from graphnn.datasets.base import check_input_shape
from graphnn.datasets.provenance import Provenance
from graphnn.datasets.targets import read_classes
from graphnn.errors import DataError
from graphnn.graph.graph import Graph
from graphnn.graph.learnt_inputs import check_inputs_as_targets
from graphnn.layers.built import described
from graphnn.metrics.outputs import Classes
from graphnn.types import NUMERIC, Array, Shape, shape_text


def checked_samples(
    graph: Graph, part: str, x: Any, y: Any, dtype: Any = np.float32, *, mode: str | None = None
) -> tuple[Array, Array]:
    """Return inputs and targets as arrays. Raises DataError where they do not fit the network or each other.

    part: "train", "valid" or "": in messages the arrays are called x_train and y_train, and so on. dtype: of the
    network's numbers. mode: of the normalisation, where the targets are the inputs and there are no others; then zeros
    take the place of y.
    """
    x_name, y_name = (f"{name}_{part}" if part else name for name in "xy")
    if mode is not None:
        if y is not None:
            raise DataError(f"{y_name} is not used, because the targets of the model are its inputs; leave it out")
        if x is None:
            raise DataError(f"{x_name} is missing")
        inputs = checked_inputs(graph, x_name, x, dtype)
        if not len(inputs):
            raise DataError(f"{x_name} holds no samples, where at least 1 is needed")
        check_inputs_as_targets(graph.loss, mode, x_name, inputs)
        return inputs, np.zeros(len(inputs), np.int64)
    if x is None or y is None:
        raise DataError(f"{x_name} and {y_name} go together; one of them is missing")
    inputs, targets = checked_inputs(graph, x_name, x, dtype), as_array(y_name, y)
    if len(inputs) == 0 or targets.shape[:1] != inputs.shape[:1]:
        found = f"{len(inputs)} and {len(targets) if targets.ndim else 'a single number'}"
        raise DataError(f"{x_name} and {y_name} need the same number of samples, at least 1, but have {found}")
    if graph.loss.outputs is Classes and targets.dtype.kind in NUMERIC and is_column(targets):
        targets = read_classes(y_name, targets)
    graph.check_targets(y_name, targets)
    return inputs, targets


def checked_inputs(graph: Graph, name: str, x: Any, dtype: Any = np.float32) -> Array:
    """Return inputs as an array. Raises DataError where they do not fit the network, not even flattened."""
    inputs = as_array(name, x)
    if inputs.ndim == 3:
        inputs = inputs[:, np.newaxis]  # the only channel of grey images
    if inputs.dtype.kind not in NUMERIC:
        raise DataError(f"{name} must hold numbers, but it holds {inputs.dtype}")
    if inputs.ndim < 2:
        raise DataError(f"{name} must be a batch N×{shape_text(graph.input_shape)}, but it is {described(inputs)}")
    check_input_shape(name, inputs.shape[1:], graph.input_shape)
    largest = float(np.finfo(dtype).max)
    if inputs.size and not -largest <= float(inputs.min()) <= float(inputs.max()) <= largest:  # false for NaN too
        raise DataError(f"{name} holds numbers that are not finite in {np.dtype(dtype)}")
    return inputs


def is_column(labels: Array) -> bool:
    """Return whether there is one number for each sample, as N×1, or as N of floats or bools."""
    return labels.shape[1:] == (1,) or (labels.ndim == 1 and labels.dtype.kind in "fb")


def check_scale(trained: Provenance | None, name: str, inputs: Array) -> None:
    """Raise DataError where inputs lie in 0…1 and those of the training in 0…255, or the other way round.

    trained: what the weights were trained on, as far as it is known.
    """
    problem = None if trained is None else scale_problem(trained, inputs)
    if problem is not None:
        raise DataError(f"{name}: {problem}")


def in_form(x: Array, shape: Shape) -> Array:
    """Return vectors as images of `shape`, or images as vectors, in C order; x as it is where they differ otherwise."""
    if x.shape[1:] == shape:
        return x
    vectors = len(shape) == 1 or x.ndim == 2
    return np.asarray(x).reshape(-1, *shape) if vectors and math.prod(x.shape[1:]) == math.prod(shape) else x


def as_array(name: str, values: Any) -> Array:
    """Return values as an array. Raises DataError where rows differ in length, or where values are masked."""
    if np.ma.is_masked(values):
        raise DataError(f"{name} has masked values, which no network can take; fill them, as by {name}.filled(0)")
    try:
        return np.asarray(values)
    except ValueError as problem:
        raise DataError(f"{name} must be an array: {problem}") from problem
