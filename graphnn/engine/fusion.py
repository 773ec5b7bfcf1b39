"""Merges neighbouring nodes into one where a single layer can do the work of both."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from graphnn.graph.graph import Node
from graphnn.kernels.kernels import Kernels
from graphnn.layers.base import Arrays
from graphnn.layers.fused import merged

if TYPE_CHECKING:
    from graphnn.parameters.parameters import Parameters


def merge(nodes: Iterable[Node], kernels: Kernels, *, training: bool) -> tuple[Node, ...]:
    """Return the nodes, with neighbours merged where one layer can do the work of both."""
    result: list[Node] = []
    for node in nodes:
        before = result[-1] if result else None
        layer = merged(before.layer, node.layer, kernels, training=training) if before else None
        if before is None or layer is None:
            result.append(node)
        else:
            both = (*before.merged, node)
            result[-1] = replace(before, layer=layer, output_shape=node.output_shape, merged=both)
    return tuple(result)


def unmerged(nodes: Iterable[Node]) -> list[Node]:
    """Return the nodes that `merge` was called with."""
    return [each for node in nodes for each in (node, *node.merged)]


def values_of(node: Node, parameters: "Parameters") -> Arrays:
    """Return the parameter arrays of a node and of the nodes merged into it, by parameter name."""
    if not node.merged:
        return parameters.values[node.name]
    return {name: array for each in (node, *node.merged) for name, array in parameters.values[each.name].items()}
