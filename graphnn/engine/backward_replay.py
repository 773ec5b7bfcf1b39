"""Runs a training step again, forward and backward, node by node, to find the first gradient that is not finite."""

from collections.abc import Mapping

import numpy as np

from graphnn.engine.batch import ArrayBatch
from graphnn.engine.plan import Plan
from graphnn.engine.replay import NodeRun, Replay, joined
from graphnn.engine.stage import batchwise, located
from graphnn.engine.workspace import Clock
from graphnn.graph.graph import Graph, Node
from graphnn.kernels.kernels import Kernels
from graphnn.layers.base import Gradients
from graphnn.losses.base import Loss
from graphnn.parameters.parameters import Parameters
from graphnn.types import Array


class BackwardReplay(Replay):
    """A replay of a training step that goes on with backward, for a batch whose forward is finite."""

    def __init__(self, graph: Graph, parameters: Parameters, kernels: Kernels, n: int, clock: Clock) -> None:
        super().__init__(graph, parameters, kernels, n, clock)
        self._trained = {
            node.index: frozenset(each.name for each in node.parameters if each.trained_in(clock.epoch))
            for node in graph.nodes
        }
        self._first_trained = min((index for index, names in self._trained.items() if names), default=len(graph.nodes))
        self._runs: list[tuple[Node, NodeRun]] = []

    def first_non_finite_gradient(self, batch: ArrayBatch, plan: Plan) -> Node | Loss | None:
        """Return what first has a gradient that is not finite: the loss, or a node with it at its input or parameters.

        plan: that of the step. None where each gradient by itself is finite, as where only their sum is not.
        """
        self._runs.clear()
        if self.first_non_finite(batch.x, plan) is not None:
            raise ValueError("forward is not finite")
        last = self._runs.pop()[1] if plan.logits else self._runs[-1][1]
        values = last.inputs if plan.logits else last.outputs
        loss, gradients = self._graph.loss, list[Array]()
        with np.errstate(all="ignore"):
            for piece, value in zip(last.pieces, values, strict=True):
                gradients.append(np.empty_like(value))
                loss.piece(batch.y[piece], value, self._n, logits=plan.logits, dy=gradients[-1])
        if not all(np.isfinite(each).all() for each in gradients):
            return loss
        dy = joined(gradients, last.pieces, self._n)
        for node, run in reversed(self._runs):
            if node.index < self._first_trained:
                break
            with located(node), np.errstate(all="ignore"):
                dx, of_parameters = self._back(node, run, dy)
            of_trained = [of_parameters[name] for name in self._trained[node.index] if name in of_parameters]
            if not all(np.isfinite(each).all() for each in [*of_trained, *([] if dx is None else [dx])]):
                return node
            if dx is None:
                break
            dy = dx
        return None

    def _back(self, node: Node, run: NodeRun, dy: Array) -> tuple[Array | None, Gradients]:
        """Return the gradients of the node's input, None where nothing needs it, and of its parameters."""
        if run.statistics is not None:
            layer, pieces = batchwise(node), list(zip(run.pieces, run.inputs, run.contexts, strict=True))
            sums = [
                layer.backward_partial_sums(run.params, run.statistics, x, dy[piece], ctx) for piece, x, ctx in pieces
            ]
            combined, gradients = layer.backward_combine(run.params, run.statistics, np.array(sums, "f8"))
            if not self._needs_dx(node):
                return None, gradients
            parts = [layer.backward_apply(combined, x, dy[piece], ctx) for piece, x, ctx in pieces]
            return joined(parts, run.pieces, self._n), gradients
        results = [backward(dy[piece]) for piece, backward in zip(run.pieces, run.backwards, strict=True)]
        total: dict[str, Array] = {}
        for _, of_piece in results:
            add(total, of_piece)
        parts = [dx for dx, _ in results if dx is not None]
        return (joined(parts, run.pieces, self._n) if len(parts) == len(results) else None), total

    def _needs_dx(self, node: Node) -> bool:
        return node.index > self._first_trained

    def _done(self, node: Node, run: NodeRun) -> None:
        self._runs.append((node, run))


def add(total: dict[str, Array], gradients: Mapping[str, Array]) -> None:
    """Add the gradients of a piece to those of others."""
    for name, each in gradients.items():
        total[name] = total[name] + each if name in total else each
