"""One stage at work: its pieces in forward and backward, and what it hands over at its barriers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphnn.engine.batch import Take
from graphnn.engine.lanes import Lanes
from graphnn.engine.plan import LANES, Plan, Stage
from graphnn.engine.workers import Team
from graphnn.engine.workspace import Clock, PieceContext, Workspace
from graphnn.errors import GraphError
from graphnn.graph.graph import Node
from graphnn.layers.base import Arrays, Backward, BatchwiseLayer
from graphnn.losses.base import Loss
from graphnn.parameters.parameters import Parameters
from graphnn.types import Array, shape_text


@dataclass(frozen=True)
class Shared:
    """What all stages of an engine work with. lane_memory: that of all lanes but the first."""

    plan: Plan
    parameters: Parameters
    workspace: Workspace
    team: Team
    clock: Clock
    lane_memory: Sequence[Array]


class located:
    """Say in which node an error happened.

    A class, because it is entered for every call of a layer: 0.4 µs, where a generator's context took 1.3.
    """

    __slots__ = ("node",)

    def __init__(self, node: Node) -> None:
        self.node = node

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, Exception):
            node = self.node
            place = f'{node.place} "{node.label}" ({node.layer.type}, input {shape_text(node.input_shape)})'
            raise GraphError(f"{place}: {type(error).__name__}: {error}") from error


def batchwise(node: Node) -> BatchwiseLayer:
    """Return the layer of a node that stands at a barrier."""
    assert isinstance(node.layer, BatchwiseLayer)
    return node.layer


def same_memory(a: Array, b: Array) -> bool:
    """Whether both are one array: a view that turns or shifts the other's memory is not."""
    place_a, place_b = a.__array_interface__["data"], b.__array_interface__["data"]
    return place_a == place_b and (a.shape, a.strides, a.dtype) == (b.shape, b.strides, b.dtype)


class StageRun:
    """One stage made ready for batches of n samples: its pieces, their contexts, and what forward leaves to backward.

    number: that of the stage, from 0; before: the run of the stage before it. Lane l computes the pieces l, l + LANES,
    l + 2·LANES, … in this order; a lane is one task of the team.

    x: what reaches the first node, n×(its input shape), and take: gives a piece of it. y: what the last node gives,
    n×(its output shape). statistics, combined: what the batch-wise node at the exit made of the sums in forward and in
    backward. dy: the gradient of the loss that comes back at the exit, n×(the exit's output shape).
    """

    def __init__(self, shared: Shared, stage: Stage, number: int, n: int, before: "StageRun | None") -> None:
        self.shared, self.stage, self.before = shared, stage, before
        self.pieces = stage.cut(n)
        self.lane_count = min(LANES, len(self.pieces))
        self.lanes = Lanes(stage.nodes, shared.parameters, shared.lane_memory, shared.plan.trained)
        self.backwards: list[list[Backward]] = [[] for _ in self.pieces]
        self.x = self.y = self.dy = np.empty(0)
        self.take: Take = self.x.__getitem__
        self.statistics: Arrays = {}
        self.combined: Arrays = {}
        if stage.exit is not None:
            self.dy = shared.workspace.shared(f"dy {number % 2}", stage.exit.output_shape)[:n]
        handed_over = None if before is None else before.dy
        owner = self._owner_of_dx_at_entry()
        self.recomputes = stage.recomputes(n)
        nodes = [node for node in (stage.entry, *stage.nodes, stage.exit) if node is not None]
        self.params = {node.index: shared.parameters.values[node.name] for node in nodes}
        self.contexts = {
            node.index: [
                PieceContext(
                    shared.workspace,
                    node,
                    place,
                    piece,
                    shared.clock,
                    capacity=stage.piece,
                    needs_dx=shared.plan.needs_dx(node),
                    trained=shared.plan.trained_of(node),
                    dx=handed_over if node is owner else None,
                    y=self._memory_of_lane(place) if self.recomputes and node is stage.entry else None,
                )
                for place, piece in enumerate(self.pieces)
            ]
            for node in nodes
        }
        for node in stage.nodes:
            for lane in range(self.lane_count):
                self.contexts[node.index][lane].lane = self.lanes.of(lane, node)

    def _owner_of_dx_at_entry(self) -> Node | None:
        """Return the node whose dx, perhaps changed in place, is what reaches the entry in backward."""
        writers = (node for node in self.stage.nodes if not node.layer.backward_in_place)
        return next(writers, None) if self.stage.entry is not None else None

    def _memory_of_lane(self, place: int) -> Array:
        """Return memory for what the entry gives for a piece; the pieces of a lane have the same, one after another."""
        assert self.stage.entry is not None
        piece, tail = self.pieces[place], self.stage.entry.output_shape
        return self.shared.workspace.of_lane(place % LANES, (piece.stop - piece.start, *tail))

    def take_prepared(self, node: Node, prepared: Any) -> None:
        """Let the node's pieces of the coming step share what it has prepared."""
        for ctx in self.contexts.get(node.index, ()):
            ctx.prepared = prepared

    # Forward

    def _enter(self, place: int) -> Array:
        """Return a piece of what reaches the first node after the entry."""
        entry, value = self.stage.entry, self.take(self.pieces[place])
        if entry is None or self.before is None:
            return value
        with located(entry):
            ctx, params = self.contexts[entry.index][place], self.params[entry.index]
            return batchwise(entry).apply(params, self.before.statistics, value, ctx)

    def _forward_piece(self, place: int) -> Array:
        value = self._enter(place)
        backwards: list[Backward] = []
        for node in self.stage.nodes:
            params, ctx = self.params[node.index], self.contexts[node.index][place]
            with located(node):
                value, backward = node.layer.forward(params, value, ctx)
            backwards.append(backward)
        self.backwards[place] = backwards
        return value

    def forward(self, x: Array, take: Take) -> None:
        """Run all pieces up to the exit's sums, then combine them into `statistics`.

        x: n×(input shape of the stage), of which `take` returns a piece, and which holds one only from then on. Leaves
        in `y` what the next stage begins with. Raises GraphError with the node's name where a layer fails.
        """
        exit_node = self.stage.exit
        assert exit_node is not None
        layer, params = batchwise(exit_node), self.params[exit_node.index]
        contexts = self.contexts[exit_node.index]
        self.x, self.take = x, take
        self.y = x if self.stage.last is None else self._whole_output(self.stage.last, x)

        def run(place: int, lane: int) -> Any:
            value = self._forward_piece(place)
            handed_on = self.y[self.pieces[place]]
            if not same_memory(value, handed_on):
                handed_on[...] = value
            with located(exit_node):
                return layer.partial_sums(params, handed_on, contexts[place])

        sums = self._for_each_piece(run)
        with located(exit_node):
            self.statistics = layer.combine(params, sums)

    def _for_each_piece(self, run: Callable[[int, int], Any]) -> list[Any]:
        """Return run(place, lane) of all pieces by place; a lane takes its pieces in order."""

        def run_lane(lane: int) -> list[Any]:
            return [run(place, lane) for place in range(lane, len(self.pieces), LANES)]

        by_lane = self.shared.team.run(run_lane, self.lane_count)
        return [by_lane[place % LANES][place // LANES] for place in range(len(self.pieces))]

    def _whole_output(self, last: Node, x: Array) -> Array:
        """Return the whole batch's array that the last node's pieces are cut from."""
        return self.shared.workspace.whole(last.index, "output", last.output_shape, x.dtype)[: len(x)]

    def forward_and_back(self, x: Array, take: Take, targets: Take, loss: Loss) -> Array:
        """Run the last stage: forward, loss and backward of each piece while it is in the cache.

        x, take: as in `forward`; targets: gives those of a piece. Returns the loss's partial sums over all n samples,
        added up in the order of the pieces. Raises as `forward` does.
        """
        self.x, self.take = x, take

        def run(place: int, lane: int) -> tuple[Array, Any]:
            value = self._forward_piece(place)
            dy = self.shared.workspace.thread.next_slot(value.shape, value.dtype)
            losses = loss.piece(targets(self.pieces[place]), value, len(x), logits=self.shared.plan.logits, dy=dy)
            return losses, self._backward_piece(place, dy, lane)

        results = self._for_each_piece(run)
        self._finish_backward([sums for _, sums in results])
        return np.asarray(np.sum([losses for losses, _ in results], axis=0))

    # Backward

    def _backward_piece(self, place: int, dy: Array, lane: int) -> Any:
        """Pass dy back to the entry; return the sums there, None where nothing needs them."""
        for node, backward in zip(reversed(self.stage.nodes), reversed(self.backwards[place]), strict=True):
            if not self.shared.plan.trains(node):
                return None
            with located(node):
                dx, gradients = backward(dy)
                self.lanes.add(lane, node, gradients, first=place == lane)
                if dx is None:
                    return None
                dy = dx
        entry = self.stage.entry
        if entry is None or self.before is None or not self.shared.plan.trains(entry):
            return None
        handed_back = self.before.dy[self.pieces[place]]
        if not same_memory(dy, handed_back):
            handed_back[...] = dy
        with located(entry):
            return batchwise(entry).backward_partial_sums(
                self.params[entry.index],
                self.before.statistics,
                self.x[self.pieces[place]],
                handed_back,
                self.contexts[entry.index][place],
            )

    def backward(self) -> None:
        """Take up the gradient at the exit, pass it back to the entry, and leave the stage's gradients summed.

        To be called after `backward` (or `forward_and_back`) of the next stage. Raises as `forward` does.
        """
        exit_node = self.stage.exit
        assert exit_node is not None
        if not self.shared.plan.needs_dx(exit_node):
            return
        layer, contexts = batchwise(exit_node), self.contexts[exit_node.index]

        def run(place: int, lane: int) -> Any:
            piece = self.pieces[place]
            if self.recomputes:
                self._enter(place)  # what the nodes' backward reads has given way to later pieces
            with located(exit_node):
                dy = layer.backward_apply(self.combined, self.y[piece], self.dy[piece], contexts[place])
            return self._backward_piece(place, dy, lane)

        self._finish_backward(self._for_each_piece(run))

    def _finish_backward(self, sums: list[Any]) -> None:
        """Add up the lanes, and combine the sums of the batch-wise node at the entry."""
        self.lanes.reduce(self.lane_count, self.shared.team)
        entry = self.stage.entry
        if entry is not None and self.before is not None and self.shared.plan.trains(entry):
            with located(entry):
                self.before.combined, gradients = batchwise(entry).backward_combine(
                    self.params[entry.index], self.before.statistics, sums
                )
            for name in self.shared.plan.trained_of(entry):
                self.shared.parameters.gradients[entry.name][name][...] = gradients[name]
