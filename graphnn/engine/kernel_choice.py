"""Which kernels run a graph."""

from graphnn.graph import Graph
from graphnn.kernels.choice import installed, kernels_named
from graphnn.kernels.kernels import Kernels


def kernels_for(graph: Graph, name: str | None = None) -> Kernels:
    """Return the kernels of a name, by default the fastest installed; networks without images have numpy's only."""
    images = any(len(node.input_shape) == 3 for node in graph.nodes)
    return kernels_named(name or (installed() if images else "numpy"))
