"""Runs a pass again, node by node, to find the first output that is not finite."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from graphnn.engine.fusion import unfused
from graphnn.engine.plan import Plan, Stage
from graphnn.engine.stage import batchwise, located
from graphnn.engine.workspace import Clock
from graphnn.graph.graph import Graph, Node
from graphnn.kernels.kernels import Kernels
from graphnn.layers.base import Arrays, Backward
from graphnn.layers.context import Context, empty_channels_last
from graphnn.parameters.parameters import Parameters
from graphnn.randomness import Purpose, generator
from graphnn.types import Array, Shape


class ReplayContext(Context):
    """The context of one node and one piece of a batch, as in the step itself, but with newly allocated memory.

    rng: None in inference. bypasses: the arrays of which `bypass` returns the piece's part, by name; each has all n
    samples of the batch, because after a barrier the batch may be cut into other pieces.
    """

    def __init__(
        self,
        node: Node,
        piece: slice,
        *,
        rng: np.random.Generator | None,
        kernels: Kernels,
        bypasses: dict[str, Array],
        n: int,
        needs_dx: bool = False,
    ) -> None:
        super().__init__(
            training=rng is not None,
            rng=rng,
            needs_dx=needs_dx,
            input_shape=node.input_shape,
            kernels=kernels,
            bypasses=bypasses,
        )
        self._piece, self._n = piece, n

    def bypass(self, name: str, shape: Shape, dtype: Any) -> Array:
        return super().bypass(name, (self._n, *shape[1:]), dtype)[self._piece]


@dataclass
class NodeRun:
    """What the pass of a node over all pieces leaves for backward.

    pieces, inputs, outputs, contexts: of each piece. statistics: of the batch, for a batch-wise node in training, whose
    backward takes them; backwards: those of the pieces of every other node.
    """

    pieces: Sequence[slice]
    inputs: Sequence[Array]
    params: Arrays
    statistics: Arrays | None
    outputs: list[Array] = field(default_factory=list)
    contexts: list[Context] = field(default_factory=list)
    backwards: list[Backward] = field(default_factory=list)


class Replay:
    """Runs a batch of n samples through a graph on the calling thread, no nodes fused; changes no parameters.

    clock: of the training step to run again, so that random draws are the same; None for a pass in inference.
    """

    def __init__(
        self, graph: Graph, parameters: Parameters, kernels: Kernels, n: int, clock: Clock | None = None
    ) -> None:
        self._graph, self._parameters, self._kernels, self._n, self._clock = graph, parameters, kernels, n, clock
        self._bypasses: dict[str, Array] = {}

    def first_non_finite(self, x: Array, plan: Plan) -> Node | None:
        """Return the first node whose output is not finite, or None. Raises GraphError where a layer fails.

        x: n×(input shape). plan: that of the step, so that each stage is cut into the pieces that random draws are
        keyed by, and sums over the batch are combined at the same barriers; not used in inference.
        """
        in_inference = (Stage(entry=None, nodes=self._graph.nodes, exit=None, piece=max(1, self._n)),)
        statistics: Arrays = {}
        for stage in in_inference if self._clock is None else plan.stages:
            whole = [[slice(0, self._n)]] if self._clock is None else plan.pieces(stage, self._n)
            pieces = [piece for of_lane in whole for piece in of_lane]
            values = [x[piece] for piece in pieces]
            for node in self._nodes(stage):
                at_entry = stage.entry is not None and node.index == stage.entry.index
                values = self._outputs(node, pieces, values, statistics if at_entry else None)
                if not all(np.isfinite(value).all() for value in values):
                    return node
            if stage.exit is not None:
                x = joined(values, pieces, self._n)
                statistics = self._statistics(self._graph.nodes[stage.exit.index], pieces, x)
        return None

    def _nodes(self, stage: Stage) -> list[Node]:
        """Return the graph's nodes that have an output in a stage, with the last node even if the loss replaces it."""
        run = [node for node in (stage.entry, *stage.nodes) if node is not None]
        nodes = [self._graph.nodes[node.index] for node in unfused(run)]
        return nodes if stage.exit is not None else [*nodes, *self._graph.nodes[nodes[-1].index + 1 if nodes else 0 :]]

    def _outputs(
        self, node: Node, pieces: Sequence[slice], values: Sequence[Array], statistics: Arrays | None
    ) -> list[Array]:
        """Return the outputs of a node for each piece; statistics: of the batch, for a node at a stage's entry."""
        params = self._copies(node)
        run = NodeRun(pieces, values, params, statistics)
        with located(node), np.errstate(all="ignore"):
            prepared = node.layer.prepare(params, self._context(node, 0, slice(self._n)))
            for number, (piece, value) in enumerate(zip(pieces, values, strict=True)):
                ctx = self._context(node, number, piece)
                ctx.prepared = prepared
                run.contexts.append(ctx)
                if statistics is None:
                    y, backward = node.layer.forward(params, value, ctx)
                    run.backwards.append(backward)
                else:
                    y = batchwise(node).apply(params, statistics, value, ctx)
                run.outputs.append(y)
        self._done(node, run)
        return run.outputs

    def _statistics(self, node: Node, pieces: Sequence[slice], x: Array) -> Arrays:
        """Return the statistics of the whole batch x at a batch-wise node."""
        params, layer = self._copies(node), batchwise(node)
        with located(node), np.errstate(all="ignore"):
            sums = [
                layer.partial_sums(params, x[piece], self._context(node, number, piece))
                for number, piece in enumerate(pieces)
            ]
            return layer.combine(params, np.array(sums, "f8"))

    def _copies(self, node: Node) -> Arrays:
        """Return copies of a node's parameters, because running statistics are updated in place."""
        return {name: array.copy(order="K") for name, array in self._parameters.values[node.name].items()}

    def _context(self, node: Node, number: int, piece: slice) -> Context:
        clock = self._clock
        rng = None if clock is None else generator(clock.seed, Purpose.LAYER, *clock.key(node, number))
        return ReplayContext(
            node,
            piece,
            rng=rng,
            kernels=self._kernels,
            bypasses=self._bypasses,
            n=self._n,
            needs_dx=self._needs_dx(node),
        )

    def _needs_dx(self, node: Node) -> bool:
        """Whether backward will ask for the gradient of the node's input."""
        return False

    def _done(self, node: Node, run: NodeRun) -> None:
        """Called with what a node's pass leaves for backward."""


def joined(values: Sequence[Array], pieces: Sequence[slice], n: int) -> Array:
    """Return the pieces of a batch of n samples as one array, images channels last."""
    x = empty_channels_last((n, *values[0].shape[1:]), values[0].dtype)
    for piece, value in zip(pieces, values, strict=True):
        x[piece] = value
    return x
