"""What is computed for one batch: a training step, or a pass in testing; the same in every process of a team."""

import math
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from graphnn.engine.fusion import merge
from graphnn.engine.lanes import trained_size
from graphnn.engine.plan import LANES, fuses, piece_size, training_plan
from graphnn.engine.preparation import Preparation
from graphnn.engine.source import Source, preparing
from graphnn.engine.stage import Shared, StageRun, Take, located
from graphnn.engine.workers import Team
from graphnn.engine.workspace import Clock, StepContext, TestingContext, Workspace
from graphnn.graph.graph import Graph, Node
from graphnn.kernels.kernels import Kernels
from graphnn.layers.base import Arrays, BatchwiseLayer, Layer
from graphnn.layers.bypass import Keeping
from graphnn.optimizers.updater import Updater
from graphnn.parameters.parameters import Parameters
from graphnn.shared_memory import shared_zeros
from graphnn.types import Array

INPUT = -1  # the node that the arrays of a batch belong to
# What is not finite is found and reported by itself, also where the pieces' sums are combined.
quietly = np.errstate(all="ignore")


@dataclass(frozen=True)
class Testing:
    """Nodes to run in testing, in pieces of so many samples."""

    nodes: tuple[Node, ...]
    piece: int
    preparation: Preparation


class Program:
    """Runs a graph over batches as a member of a team. Every member makes the same calls with the same arguments.

    Arrays that one member writes and another reads lie in shared memory: parameters and gradients, the lanes, and what
    is handed on at barriers. Everything else a member has for itself.
    """

    def __init__(self, graph: Graph, parameters: Parameters, batch_size: int, seed: int, kernels: Kernels) -> None:
        self.graph, self.parameters, self._kernels = graph, parameters, kernels
        self.plan = training_plan(graph, batch_size, kernels)
        self._batch_size = batch_size
        self._clock = Clock(seed)
        self._workspace = Workspace(batch_size, kernels)
        self._prepared: dict[int, Arrays] = {node.index: parameters.values[node.name] for node in graph.nodes}
        self._preparing = [node for node in graph.nodes if type(node.layer).prepare is not Layer.prepare]
        self._stages: dict[int, list[StageRun]] = {}  # by number of samples: a full batch and the last one
        self._shared: Shared | None = None
        self.updater: Updater | None = None
        self.sources: list[Source] = []
        self._copies: list[tuple[Array, Array]] = []
        self._step_contexts = self._contexts_of_steps()
        ends = {own.until_epoch for node in graph.nodes for own in node.parameters if own.trainable}
        self._ends = sorted(end for end in ends if end is not None)  # the epochs from which on less is trained
        self._ended = 0  # how many of them have come
        self._testing_contexts = {node.index: TestingContext(self._workspace, node) for node in graph.nodes}
        self._to_output = self._testing(graph.nodes)
        self._to_loss = self._testing(graph.nodes[:-1] if fuses(graph) else graph.nodes)

    def _contexts_of_steps(self) -> dict[int, StepContext]:
        """Return the contexts in which nodes prepare a step, by index."""
        return {
            node.index: StepContext(self._workspace, node, training=True, needs_dx=self.plan.needs_dx(node))
            for node in self.graph.nodes
        }

    def _testing(self, nodes: tuple[Node, ...]) -> Testing:
        """Return these nodes made ready for testing."""
        merged = merge(nodes, self._kernels, training=False)
        contexts = {node.index: StepContext(self._workspace, node, training=False, needs_dx=False) for node in merged}
        preparation = Preparation(merged, contexts, self.parameters)
        return Testing(merged, piece_size(nodes, self._batch_size), preparation)

    def join(self, team: Team) -> None:
        """Work with this team from now on. Its processes, if that is what it is, are forked after this call."""
        stages, dtype, workspace = self.plan.stages, self.parameters.dtype, self._workspace
        lanes = max(min(LANES, len(stage.cut(self._batch_size))) for stage in stages)
        largest = max(trained_size(stage.nodes) for stage in stages)
        memory = [shared_zeros(largest, dtype) for _ in range(lanes - 1)]
        at_barriers = [math.prod(stage.exit.output_shape) for stage in stages if stage.exit is not None]
        again = [
            stage.piece * math.prod(stage.entry.output_shape)
            for stage in stages
            if stage.entry is not None and stage.recomputes(self._batch_size)
        ]
        workspace.reserve_lanes(LANES, max(again, default=0), dtype)
        for parity in (0, 1):
            workspace.reserve(f"dy {parity}", self._batch_size * max(at_barriers, default=0), dtype)
        for stage in stages:
            if stage.exit is not None and stage.last is not None:
                workspace.share(stage.last.index, "output", stage.last.output_shape, dtype)
        if stages[0].exit is not None and stages[0].last is None:  # another member may have the next stage's piece
            workspace.share(INPUT, "input", self.graph.input_shape, dtype)
        for node in self.graph.nodes:
            if isinstance(node.layer, Keeping):
                workspace.share_bypass(node.layer.kept, node.input_shape, dtype)
        self._shared = Shared(self.plan, self.parameters, workspace, team, self._clock, memory, self._prepared)
        self._stages.clear()

    def part_from_original(self) -> None:
        """Take, in a forked process, copies of what every process writes: the first one's are those that count.

        These are what `combine` may change in place, the parameters of batch-wise nodes that are not trained, and the
        gradients of such nodes, which a slow process may write when the first one has left the step and changes them
        already.
        """
        for node in self.graph.nodes:
            for parameter in node.parameters if isinstance(node.layer, BatchwiseLayer) else ():
                if not parameter.trainable:
                    original = self.parameters.values[node.name][parameter.name]
                    copy = self.parameters.values[node.name][parameter.name] = original.copy(order="K")
                    self._copies.append((copy, original))
                else:
                    gradients = self.parameters.gradients[node.name]
                    gradients[parameter.name] = gradients[parameter.name].copy(order="K")

    def refresh(self) -> None:
        """Bring those copies up to date."""
        for copy, original in self._copies:
            copy[...] = original

    def update(self, epoch: int, step: int, members: int, *rates: float) -> None:
        """Let the updater change the parameters, cut into parts for so many members of the team."""
        updater = self.updater
        assert self._shared is not None
        assert updater is not None
        parts = updater.parts(members)
        self._shared.team.run(lambda number: updater.update(parts[number], rates, step, epoch), len(parts))

    def train_step(self, x: Array, y: Array, epoch: int, step: int) -> Array:
        """Run forward, loss and backward; fill the gradients, and return the loss's partial sums, added up."""
        return self._step(x, x.__getitem__, y.__getitem__, epoch, step)

    def train_on(self, chosen: Array, source: int, epoch: int, step: int) -> Array:
        """Do the same for samples of a source; each member prepares the pieces that it computes.

        A piece keeps its place in the array of the whole batch until backward is done with it. Where that array is not
        shared, each member has its own, of which only the pages that it writes to take memory.
        """
        samples = self.sources[source]
        x = self._workspace.whole(INPUT, "input", self.graph.input_shape, self.parameters.dtype)[: len(chosen)]

        def inputs(piece: slice) -> Array:
            value = x[piece]
            with preparing():
                samples.inputs(chosen[piece], value, epoch)
            return value

        return self._step(x, inputs, targets_of(samples, chosen), epoch, step)

    @quietly
    def _step(self, x: Array, inputs: Take, targets: Take, epoch: int, step: int) -> Array:
        """Run a step over the batch x, which holds a piece only once `inputs` has returned it."""
        self._clock.epoch, self._clock.step = epoch, step
        self._clock.ticks += 1
        self._train_what_is_left(epoch)
        self._prepare()
        stages = self._stages.get(len(x)) or self._make_stages(len(x))
        for stage in stages[:-1]:
            stage.forward(x, inputs)
            x, inputs = stage.y, stage.y.__getitem__
        sums = stages[-1].forward_and_back(x, inputs, targets, self.graph.loss)
        for stage in reversed(stages[:-1]):
            stage.backward()
        return sums

    def _train_what_is_left(self, epoch: int) -> None:
        """Leave out of backward what only parameters need whose training has ended; their gradients are zero."""
        ended = bisect_right(self._ends, epoch)
        if ended != self._ended:
            self._ended = ended
            self.plan = self.plan.at(epoch)
            self._step_contexts = self._contexts_of_steps()
            self._shared = replace(self._shared, plan=self.plan) if self._shared is not None else None
            self._stages.clear()
        for node in self.graph.nodes if ended else ():
            for parameter in node.parameters:
                if parameter.trainable and not parameter.trained_in(epoch):
                    self.parameters.gradients[node.name][parameter.name][...] = 0

    def _prepare(self) -> None:
        """Let layers compute what the pieces of this step share."""
        for node in self._preparing:
            values, ctx = self.parameters.values[node.name], self._step_contexts[node.index]
            with located(node):
                self._prepared[node.index] = node.layer.prepare(values, ctx)

    def _make_stages(self, n: int) -> list[StageRun]:
        """Return the stages made ready for batches of n samples."""
        assert self._shared is not None
        runs: list[StageRun] = []
        for number, stage in enumerate(self.plan.stages):
            runs.append(StageRun(self._shared, stage, number, n, runs[-1] if runs else None))
        self._stages[n] = runs
        return runs

    def predict(self, x: Array, out: Array) -> None:
        """Write the outputs into `out`, which all members of the team see."""

        def keep(piece: slice, value: Array) -> None:
            out[piece] = value

        self._test(len(x), x.__getitem__, self._to_output, keep)

    def evaluate(self, x: Array, y: Array) -> Array:
        """Return the loss's partial sums, with the layers in testing."""
        return self._measure(len(x), x.__getitem__, y.__getitem__)

    def evaluate_on(self, chosen: Array, source: int) -> Array:
        """Do the same for samples of a source; each member prepares the pieces that it computes."""
        return self._measure(len(chosen), self._inputs_of(chosen, source), targets_of(self.sources[source], chosen))

    def outputs_on(self, chosen: Array, out: Array, source: int) -> None:
        """Write what the loss is computed from into `out`, which all members see, for samples of a source."""

        def keep(piece: slice, value: Array) -> None:
            out[piece] = value

        self._test(len(chosen), self._inputs_of(chosen, source), self._to_loss, keep)

    def _inputs_of(self, chosen: Array, source: int) -> Take:
        """Return what prepares the inputs of a piece in testing."""
        samples, shape, dtype = self.sources[source], self.graph.input_shape, self.parameters.dtype

        def inputs(piece: slice) -> Array:
            own = chosen[piece]
            value = self._workspace.thread.next_slot((len(own), *shape), dtype)
            with preparing():
                samples.inputs(own, value, None)
            return value

        return inputs

    def _measure(self, n: int, inputs: Take, targets: Take) -> Array:
        """Return the loss's partial sums over n samples, with the layers in testing."""
        loss, logits = self.graph.loss, fuses(self.graph)

        def measure(piece: slice, value: Array) -> Array:
            return loss.piece(targets(piece), value, n, logits=logits, dy=None)

        return np.asarray(np.sum(self._test(n, inputs, self._to_loss, measure), axis=0))

    @quietly
    def _test(self, n: int, inputs: Take, testing: Testing, use: Callable[[slice, Array], Any]) -> list[Any]:
        """Run n samples, a piece at a time, through the nodes in testing; return what `use` makes of each result."""
        assert self._shared is not None
        prepared, size = testing.preparation.arrays(), testing.piece
        pieces = [slice(start, min(start + size, n)) for start in range(0, n, size)]

        def run(number: int) -> Any:
            value = inputs(pieces[number])
            for node in testing.nodes:
                with located(node):
                    value, _ = node.layer.forward(prepared[node.index], value, self._testing_contexts[node.index])
            return use(pieces[number], value)

        return self._shared.team.run(run, len(pieces))


def targets_of(samples: Source, chosen: Array) -> Take:
    """Return what gives the targets of a piece of the chosen samples."""

    def targets(piece: slice) -> Array:
        with preparing():
            return samples.targets(chosen[piece])

    return targets
