"""Which kernels run a graph, and which of its nodes are run as one."""

from collections.abc import Iterable
from dataclasses import replace

from graphnn.graph import Graph, Node
from graphnn.kernels.choice import installed, kernels_named
from graphnn.kernels.kernels import Kernels
from graphnn.layers.base import Arrays
from graphnn.layers.merging import merged
from graphnn.parameters import Parameters


def kernels_for(graph: Graph, name: str | None = None) -> Kernels:
    """Return the kernels of a name, by default the fastest installed; networks without images have numpy's only."""
    images = any(len(node.input_shape) == 3 for node in graph.nodes)
    return kernels_named(name or (installed() if images else "numpy"))


def merge(nodes: Iterable[Node], kernels: Kernels, *, training: bool) -> tuple[Node, ...]:
    """Return the nodes with those that one layer can do the work of put together."""
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
    """Return the nodes that `merge` put together."""
    return [each for node in nodes for each in (node, *node.merged)]


def values_of(node: Node, parameters: Parameters) -> Arrays:
    """Return the arrays of a node and of those that are merged into it."""
    if not node.merged:
        return parameters.values[node.name]
    return {name: array for each in (node, *node.merged) for name, array in parameters.values[each.name].items()}
