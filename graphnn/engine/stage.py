"""Runs one stage: its pieces in forward and backward, and what it hands over at its barriers."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from graphnn.engine.batch import Take
from graphnn.engine.crew import Crew
from graphnn.engine.folding import folding
from graphnn.engine.lanes import Lanes
from graphnn.engine.plan import Plan, Stage
from graphnn.engine.tables import Tables
from graphnn.engine.workspace import Clock, PieceContext, Workspace
from graphnn.errors import GraphError, ShapeError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.graph import Node
from graphnn.layers.base import Arrays, Backward
from graphnn.layers.batchwise import BatchwiseLayer
from graphnn.losses.base import Loss
from graphnn.parameters.parameters import Parameters
from graphnn.types import Array, shape_text


@frozen_dataclass
class Shared:
    """What all stages of an engine share. lane_memory: flat arrays for all buffers of lanes but the first."""

    plan: Plan
    parameters: Parameters
    workspace: Workspace
    crew: Crew
    clock: Clock
    lane_memory: Sequence[Array]
    tables: Tables


class located:
    """Raise errors as GraphError that says in which node they happened.

    A class, because it is entered for every call of a layer: it takes 0.4 µs, a generator's context took 1.3.
    """

    __slots__ = ("node",)

    def __init__(self, node: Node) -> None:
        self.node = node

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, Exception):
            node = self.node
            where = f'{node.location} "{node.label}" ({node.layer.type}, input {shape_text(node.input_shape)})'
            raise GraphError(f"{where}: {type(error).__name__}: {error}") from error


def batchwise(node: Node) -> BatchwiseLayer:
    """Return the layer of a node at a barrier."""
    assert isinstance(node.layer, BatchwiseLayer)
    return node.layer


def put(table: Array, number: int, sums: Array, method: str) -> None:
    """Put a piece's partial sums, which the method has returned, into its row. Raises ShapeError where they do not fit.

    A single number would otherwise fill the row, and be taken for the sums of all channels.
    """
    if np.shape(sums) != table.shape[1:]:
        found = f"an array of {shape_text(np.shape(sums))}" if np.ndim(sums) else "a single number"
        raise ShapeError(f"{method} gave {found}, and sums_sizes tells a vector of {table.shape[1]}")
    table[number] = sums


def same_memory(a: Array, b: Array) -> bool:
    """Whether a and b are the same view: same address, shape, strides and dtype."""
    address_a, address_b = a.__array_interface__["data"], b.__array_interface__["data"]
    return address_a == address_b and (a.shape, a.strides, a.dtype) == (b.shape, b.strides, b.dtype)


class StageRun:
    """One stage made ready for batches of n samples: its pieces, their contexts, and what forward keeps for backward.

    stage_number: from 0; before: the run of the previous stage, None in the first. lane_count: how many of the plan's
    lanes the batch has; a lane is one task of the crew, which computes its pieces in order.

    x: the input of the first node, n×(its input shape); take: returns a piece of it. y: the output of the last node,
    n×(its output shape). statistics, combined: the results of `combine` and `backward_combine` of the batch-wise node
    at the exit. dy: the gradient with respect to the exit's output, by lane: (samples of the lane)×(its output shape).
    """

    def __init__(self, shared: Shared, stage: Stage, stage_number: int, n: int, before: "StageRun | None") -> None:
        self.shared, self.stage, self.before = shared, stage, before
        blocks, by_lane = shared.plan.cut.blocks(n), shared.plan.pieces(stage, n)
        self.lane_count = len(by_lane)
        self.pieces = [piece for pieces in by_lane for piece in pieces]
        ends = [0, *accumulate(len(pieces) for pieces in by_lane)]
        self.numbers = [range(start, stop) for start, stop in pairwise(ends)]  # of the pieces of each lane
        self.ends = ends
        most = shared.plan.cut.lanes
        folded = folding(shared.crew.members(self.lane_count, most), self.lane_count)
        self.lanes = Lanes(stage.nodes, shared.parameters, shared.lane_memory, shared.plan.trained, folded)
        self.backwards: list[list[Backward]] = [[] for _ in self.pieces]
        self.repeats: list[list[tuple[Node, Callable[[], object]]]] = [[] for _ in self.pieces]
        self.repeated = frozenset(node.index for node in stage.nodes if stage.is_repeated(node))
        self.repeats_entry = stage.entry is not None and stage.is_repeated(stage.entry)
        self.x = self.y = np.empty(0)
        self.take: Take = self.x.__getitem__
        self.statistics: Arrays = {}
        self.combined: Arrays = {}
        self.gradients_at_entry: Arrays = {}
        self.dy: list[Array] = []
        if stage.exit is not None:
            name, shape = f"dy {stage_number % 2}", stage.exit.output_shape
            self.dy = [shared.workspace.in_turn(name, block, shape) for block in blocks]
        self.handed_over = self._of_pieces(self.dy, by_lane)
        self.handed_back = [] if before is None else self._of_pieces(before.dy, by_lane)
        owner = self._owner_of_dx_at_entry()
        self.tables = shared.tables
        nodes = [node for node in (stage.entry, *stage.nodes, stage.exit) if node is not None]
        self.params = {node.index: shared.parameters.values[node.name] for node in nodes}
        self.contexts = {
            node.index: [
                PieceContext(
                    shared.workspace,
                    node,
                    number,
                    piece,
                    shared.clock,
                    capacity=stage.piece,
                    needs_dx=shared.plan.needs_dx(node),
                    trained=shared.plan.trained_of(node),
                    dx=self.handed_back[number] if node is owner else None,
                    position=position,
                    brief="everything" if stage.exit is None else "output" if stage.is_brief(node) else "nothing",
                )
                for number, piece in enumerate(self.pieces)
            ]
            for position, node in enumerate(nodes)
        }
        for node in stage.nodes:
            for lane in shared.crew.own(self.lane_count, most):
                self.contexts[node.index][self.numbers[lane].start].lane = self.lanes.of(lane, node)

    @staticmethod
    def _of_pieces(arrays: Sequence[Array], by_lane: Sequence[Sequence[slice]]) -> list[Array]:
        """Return the parts of the lanes' arrays for each piece; none where there are no arrays."""
        return [
            whole[piece.start - pieces[0].start : piece.stop - pieces[0].start]
            for whole, pieces in zip(arrays, by_lane, strict=bool(arrays))
            for piece in pieces
        ]

    def _owner_of_dx_at_entry(self) -> Node | None:
        """Return the node whose dx, which other nodes may change in place, reaches the entry in backward."""
        writers = (node for node in self.stage.nodes if not node.layer.backward_in_place)
        return next(writers, None) if self.stage.entry is not None else None

    def set_prepared(self, node: Node, prepared: Any) -> None:
        """Set what the node has prepared for all pieces of the coming step."""
        for ctx in self.contexts.get(node.index, ()):
            ctx.prepared = prepared

    # Forward

    def _enter(self, number: int) -> Array:
        """Return a piece of the input of the first node after the entry."""
        entry, value = self.stage.entry, self.take(self.pieces[number])
        if entry is None or self.before is None:
            return value
        with located(entry):
            ctx, params = self.contexts[entry.index][number], self.params[entry.index]
            return batchwise(entry).apply(params, self.before.statistics, value, ctx)

    def _repeat(self, number: int) -> None:
        """Compute the outputs of a piece again that backward reads and that have not lasted."""
        if self.repeats_entry:
            self._enter(number)
        for node, repeat in self.repeats[number]:
            with located(node):
                repeat()

    def _forward_piece(self, number: int) -> Array:
        value = self._enter(number)
        backwards: list[Backward] = []
        self.repeats[number].clear()
        for node in self.stage.nodes:
            params, ctx = self.params[node.index], self.contexts[node.index][number]
            if node.index in self.repeated:
                self.repeats[number].append((node, partial(node.layer.forward, params, value, ctx)))
            with located(node):
                value, backward = node.layer.forward(params, value, ctx)
            backwards.append(backward)
        self.backwards[number] = backwards
        return value

    def forward(self, x: Array, take: Take) -> None:
        """Run all pieces up to the exit's partial sums, combine these into `statistics`, and set `y`.

        x: n×(input shape of the stage). take: returns a piece of x, which has its values only from then on.
        Raises GraphError with the node's name where a layer fails, and what `take` raises.
        """
        exit_node = self.stage.exit
        assert exit_node is not None
        layer, params = batchwise(exit_node), self.params[exit_node.index]
        contexts = self.contexts[exit_node.index]
        self.x, self.take = x, take
        self.y = x if self.stage.last is None else self._whole_output(self.stage.last, x)

        table = self.tables.forward(exit_node)

        def run(number: int, lane: int) -> None:
            value = self._forward_piece(number)
            handed_on = self.y[self.pieces[number]]
            if not same_memory(value, handed_on):
                handed_on[...] = value
            with located(exit_node):
                put(table, number, layer.partial_sums(params, handed_on, contexts[number]), "partial_sums")

        self._for_each_piece(run, table)
        with located(exit_node):
            self.statistics = layer.combine(params, table[: len(self.pieces)])

    def _for_each_piece(self, run: Callable[[int, int], None], *tables: Array | None, finish: bool = False) -> None:
        """Call run(number, lane) for all pieces. tables: with a row of each. finish: whether to add up gradients."""

        def run_lane(lane: int) -> None:
            for number in self.numbers[lane]:
                run(number, lane)
            if finish:
                self.lanes.finish(lane)

        rows = [(table, self.ends) for table in tables if table is not None]
        self.shared.crew.run(run_lane, self.lane_count, most=self.shared.plan.cut.lanes, tables=rows)

    def _whole_output(self, last: Node, x: Array) -> Array:
        """Return the array of the whole batch that has the last node's output."""
        return self.shared.workspace.whole(last.index, "output", last.output_shape, x.dtype)[: len(x)]

    def forward_and_back(self, x: Array, take: Take, targets: Take, loss: Loss) -> Array:
        """Run the last stage: forward, loss and backward of each piece while it is in the cache.

        x: n×(input shape of the stage). take, targets: return the inputs and the targets of a piece. Returns the
        loss's partial sums over all n samples, added up in the order of the pieces. Raises GraphError with the node's
        name where a layer fails, and what `take` and `targets` raise.
        """
        self.x, self.take = x, take
        table, sums_at_entry = self.tables.losses, self._table_at_entry()

        def run(number: int, lane: int) -> None:
            value = self._forward_piece(number)
            dy = self.shared.workspace.thread.next_slot(value.shape, value.dtype)
            targeted = targets(self.pieces[number])
            table[number] = loss.piece(targeted, value, len(x), logits=self.shared.plan.logits, dy=dy)
            self._backward_piece(number, dy, lane, sums_at_entry)

        self._for_each_piece(run, table, sums_at_entry, finish=True)
        self._finish_backward(sums_at_entry)
        return np.asarray(np.sum(table[: len(self.pieces)], axis=0))

    # Backward

    def _table_at_entry(self) -> Array | None:
        """Return the table for the partial sums of the entry in backward; None where nothing needs them."""
        entry = self.stage.entry
        needed = entry is not None and self.before is not None and self.shared.plan.trains(entry)
        return self.tables.backward(entry) if entry is not None and needed else None

    def _backward_piece(self, number: int, dy: Array, lane: int, table: Array | None) -> None:
        """Run backward from dy to the entry, and put its partial sums into the table."""
        for node, backward in zip(reversed(self.stage.nodes), reversed(self.backwards[number]), strict=True):
            if not self.shared.plan.trains(node):
                return
            with located(node):
                dx, gradients = backward(dy)
                self.lanes.add(lane, node, gradients, first=number == self.numbers[lane].start)
                if dx is None:
                    return
                dy = dx
        entry = self.stage.entry
        if entry is None or self.before is None or table is None:
            return
        handed_back = self.handed_back[number]
        if not same_memory(dy, handed_back):
            handed_back[...] = dy
        with located(entry):
            sums = batchwise(entry).backward_partial_sums(
                self.params[entry.index],
                self.before.statistics,
                self.x[self.pieces[number]],
                handed_back,
                self.contexts[entry.index][number],
            )
            put(table, number, sums, "backward_partial_sums")

    def backward(self) -> None:
        """Run backward from the gradient at the exit to the entry, and sum the gradients of the stage's parameters.

        Call it after `backward` (or `forward_and_back`) of the next stage. Raises GraphError with the node's name where
        a layer fails.
        """
        exit_node = self.stage.exit
        assert exit_node is not None
        if not self.shared.plan.needs_dx(exit_node):
            return
        layer, contexts = batchwise(exit_node), self.contexts[exit_node.index]
        sums_at_entry = self._table_at_entry()

        def run(number: int, lane: int) -> None:
            piece = self.pieces[number]
            self._repeat(number)
            with located(exit_node):
                dy = layer.backward_apply(self.combined, self.y[piece], self.handed_over[number], contexts[number])
            self._backward_piece(number, dy, lane, sums_at_entry)

        self._for_each_piece(run, sums_at_entry, finish=True)
        self._finish_backward(sums_at_entry)

    def _finish_backward(self, sums: Array | None) -> None:
        """Add up the lanes, and combine the partial sums of the batch-wise node at the entry."""
        self.lanes.reduce(self.shared.crew.team)
        entry = self.stage.entry
        if entry is not None and self.before is not None and sums is not None:
            with located(entry):
                self.before.combined, self.gradients_at_entry = batchwise(entry).backward_combine(
                    self.params[entry.index], self.before.statistics, sums[: len(self.pieces)]
                )

    def write_gradients_at_entry(self) -> None:
        """Write the gradients of the batch-wise node at the entry, which each member has computed for the batch."""
        entry = self.stage.entry
        if entry is not None and self.gradients_at_entry:
            for name in self.shared.plan.trained_of(entry):
                self.shared.parameters.gradients[entry.name][name][...] = self.gradients_at_entry[name]
