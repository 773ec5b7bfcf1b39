"""The parameters of a graph before the first step."""

from typing import Any

import numpy as np

from graphnn.errors import GraphError
from graphnn.graph.graph import Graph
from graphnn.initializers.base import FromImages, initial_values
from graphnn.parameters.parameters import Parameters
from graphnn.randomness import Purpose, generator
from graphnn.types import Array


def unset(graph: Graph, dtype: Any = np.float32) -> Parameters:
    """Return the parameters without their values, all zeros, for weights that come from elsewhere."""
    return Parameters({node.name: node.parameters for node in graph.nodes}, dtype)


def needs_images(graph: Graph) -> bool:
    """Whether `initialise` needs training images."""
    return any(isinstance(own.initializer, FromImages) for node in graph.nodes for own in node.parameters)


def initialise(graph: Graph, seed: int, dtype: Any = np.float32, images: Array | None = None) -> Parameters:
    """Return the parameters before the first step, each drawn from its own keyed generator.

    images: training images, n×input_shape, normalised, for initializers that take values from them; of more than
    `initializers.IMAGES`, the first. Raises GraphError where such an initializer has none.
    """
    parameters = unset(graph, dtype)
    for node in graph.nodes:
        for position, parameter in enumerate(node.parameters):
            rng = generator(seed, Purpose.INITIALISE, node.index, position)
            try:
                values = initial_values(parameter.initializer, parameter.shape, rng, images)
            except GraphError as error:
                raise GraphError(f'{node.place} "{node.name}": {error}') from error
            parameters.values[node.name][parameter.name][...] = values
    return parameters
