"""The arrays of a graph: the trainable ones are views of one flat vector, which an optimizer updates at once."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from graphnn.parameters.parameter import Parameter, Role, in_memory_order
from graphnn.shared_memory import shared_zeros
from graphnn.types import Array

ALIGNMENT = 16  # elements; every parameter starts on a cache line


class Parameters:
    """Values and gradients by node and parameter name; all trainable ones are views of two flat vectors.

    values[node][name], gradients[node][name]: arrays of the declared shapes.
    vector, gradient: the flat vectors; weights come first, so that parameters with the same decay are adjacent.
    slices: the elements of each trained parameter in the flat vectors, without padding, and trained: its declaration;
    both by 'node/name', in the vectors' order. until_epoch: by 'node/name', the number of epochs after which a
    parameter is frozen, for those that have such a number.
    version: how often values were changed by other than updates.
    running: the arrays that are not trained, by 'node/name': running statistics, and parameters frozen from the start.
    """

    def __init__(self, declared: Mapping[str, Iterable[Parameter]], dtype: Any = np.float32) -> None:
        listed = [(node, parameter) for node, parameters in declared.items() for parameter in parameters]
        trained = [item for item in listed if item[1].trainable]
        trained.sort(key=lambda item: item[1].role is not Role.WEIGHT)
        self.dtype = np.dtype(dtype)
        self.version = 0
        self.values: dict[str, dict[str, Array]] = {node: {} for node in declared}
        self.gradients: dict[str, dict[str, Array]] = {node: {} for node in declared}
        self.running: dict[str, Array] = {}
        self.slices: dict[str, slice] = {}
        self.trained: dict[str, Parameter] = {}
        self.until_epoch: dict[str, int] = {}
        total = sum(padded(p.size) for _, p in trained)
        self.vector = shared_zeros(total, dtype)
        self.gradient = shared_zeros(total, dtype)
        views: dict[tuple[str, str], tuple[Array, Array]] = {}
        start = 0
        for node, parameter in trained:
            elements = slice(start, start + parameter.size)
            self.slices[f"{node}/{parameter.name}"] = elements
            self.trained[f"{node}/{parameter.name}"] = parameter
            views[node, parameter.name] = (
                in_memory_order(self.vector[elements], parameter),
                in_memory_order(self.gradient[elements], parameter),
            )
            start += padded(parameter.size)
            if parameter.until_epoch is not None:
                self.until_epoch[f"{node}/{parameter.name}"] = parameter.until_epoch
        for node, parameter in listed:  # in the declared order, which files and reports show
            if parameter.trainable:
                self.values[node][parameter.name], self.gradients[node][parameter.name] = views[node, parameter.name]
            else:
                array = in_memory_order(shared_zeros(parameter.size, dtype), parameter)
                self.values[node][parameter.name] = self.running[f"{node}/{parameter.name}"] = array

    def changed(self) -> None:
        """Say that values were changed by other than updates, so that ranks which have copies get them anew."""
        self.version += 1

    def named(self) -> dict[str, Array]:
        """Return all values as 'node/name', in the graph's order: the keys of a weights file."""
        return {f"{node}/{name}": array for node, arrays in self.values.items() for name, array in arrays.items()}


def padded(size: int) -> int:
    """Return size rounded up to a multiple of ALIGNMENT."""
    return -(-size // ALIGNMENT) * ALIGNMENT
