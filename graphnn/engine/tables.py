"""Tables of what the pieces of a batch hand to all members of a team at barriers: rows of numbers in float64."""

from graphnn.engine.plan import Plan
from graphnn.graph.graph import Graph, Node
from graphnn.layers.batchwise import BatchwiseLayer
from graphnn.shared_memory import shared_zeros
from graphnn.types import Array


class Tables:
    """The tables of a training pass, in shared memory, with a row for each piece.

    samples: of the largest batch. losses: the partial sums of the loss.
    """

    def __init__(self, graph: Graph, plan: Plan, samples: int) -> None:
        layout = graph.loss.layout(graph.output_shape, training=True)
        block = slice(0, min(samples, plan.cut.block))  # a smaller batch of larger blocks may have more pieces
        rows = [plan.cut.count(samples) * len(stage.cut(block)) for stage in plan.stages]
        self.losses = shared_zeros((rows[-1], layout.size), "f8")
        self._forward: dict[int, Array] = {}
        self._backward: dict[int, Array] = {}
        for stage, count in zip(plan.stages, rows, strict=True):
            for node, tables in ((stage.exit, self._forward), (stage.entry, self._backward)):
                if node is not None and isinstance(node.layer, BatchwiseLayer):
                    size = node.layer.sums_sizes(node.input_shape)[tables is self._backward]
                    tables[node.index] = shared_zeros((count, size), "f8")

    def forward(self, node: Node) -> Array:
        """Return the table of a batch-wise node's partial sums."""
        return self._forward[node.index]

    def backward(self, node: Node) -> Array:
        """Return the table of a batch-wise node's partial sums in backward."""
        return self._backward[node.index]
