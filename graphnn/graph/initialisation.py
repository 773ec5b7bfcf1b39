"""The initial parameters of a graph."""

from typing import Any

import numpy as np

from graphnn.errors import GraphError
from graphnn.graph.graph import Graph
from graphnn.initializers.base import FromImages, initial_values
from graphnn.parameters.parameters import Parameters
from graphnn.randomness import Purpose, generator
from graphnn.types import Array


def unset(graph: Graph, dtype: Any = np.float32) -> Parameters:
    """Return parameters that are all zeros, to be overwritten by values from elsewhere."""
    return Parameters({node.name: node.parameters for node in graph.nodes}, dtype)


def needs_images(graph: Graph) -> bool:
    """Whether `initialise` needs training images."""
    return any(isinstance(parameter.initializer, FromImages) for node in graph.nodes for parameter in node.parameters)


def initialise(graph: Graph, seed: int, dtype: Any = np.float32, images: Array | None = None) -> Parameters:
    """Return the initial parameters, each drawn from a generator keyed by the seed, its node and its position there.

    images: normalised training images, N×input_shape, for initializers that compute from them; of more than
    `initializers.IMAGES`, the first are used. Raises GraphError where such an initializer gets none, and where a first
    value is beyond the range of dtype.
    """
    parameters = unset(graph, dtype)
    for node in graph.nodes:
        for position, parameter in enumerate(node.parameters):
            rng = generator(seed, Purpose.INITIALISE, node.index, position)
            try:
                values = initial_values(parameter.initializer, parameter.shape, rng, images)
            except GraphError as error:
                raise GraphError(f'{node.location} "{node.name}": {error}') from error
            array = parameters.values[node.name][parameter.name]
            with np.errstate(over="ignore"):
                array[...] = values
            if not np.isfinite(array).all():
                raise GraphError(
                    f'{node.location} "{node.name}": its {parameter.name} would start from numbers beyond the range of '
                    f"{array.dtype}; write smaller ones in initializer"
                )
    return parameters
