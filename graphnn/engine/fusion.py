"""Merges neighbouring nodes into one where a single layer can do the work of both."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from graphnn.graph.graph import Node
from graphnn.kernels.kernels import Kernels
from graphnn.layers.base import Arrays
from graphnn.layers.fused import alone, fused

if TYPE_CHECKING:
    from graphnn.parameters.parameters import Parameters


def fuse(nodes: Iterable[Node], kernels: Kernels, *, training: bool) -> tuple[Node, ...]:
    """Return the nodes, with neighbours fused where one layer can do the work of both."""
    result: list[Node] = []
    for node in nodes:
        before = result[-1] if result else None
        layer = fused(before.layer, node.layer, kernels, training=training) if before else None
        if before is None or layer is None:
            result.append(node if training else replace(node, layer=alone(node.layer)))
        else:
            both = (*before.fused, node)
            result[-1] = replace(before, layer=layer, output_shape=node.output_shape, fused=both)
    return tuple(result)


def unfused(nodes: Iterable[Node]) -> list[Node]:
    """Return the nodes that `fuse` was called with."""
    return [each for node in nodes for each in (node, *node.fused)]


def values_of(node: Node, parameters: "Parameters") -> Arrays:
    """Return the parameter arrays of a node and of the nodes fused into it, by parameter name."""
    if not node.fused:
        return parameters.values[node.name]
    return {name: array for each in (node, *node.fused) for name, array in parameters.values[each.name].items()}
