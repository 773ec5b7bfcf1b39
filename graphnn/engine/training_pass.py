"""A training step: forward, loss and backward of one batch, stage by stage."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from graphnn.engine.batch import ArrayBatch, Batch, feed
from graphnn.engine.lanes import trained_size
from graphnn.engine.plan import LANES, training_plan
from graphnn.engine.stage import Shared, StageRun, located
from graphnn.engine.workers import Team
from graphnn.engine.workspace import Clock, StepContext, Workspace
from graphnn.graph.graph import Graph
from graphnn.kernels.kernels import Kernels
from graphnn.layers.base import Layer
from graphnn.layers.bypass import Keeping
from graphnn.parameters.parameters import Parameters
from graphnn.shared_memory import shared_zeros
from graphnn.types import Array

INPUT = -1  # the node that the arrays of a batch belong to


class TrainingPass:
    """Runs training steps of a graph as a member of a team. Every member makes the same calls with the same arguments.

    batch_size: the most samples of a step. seed: the one that random draws are keyed by, with epoch, step, node and
    piece. Arrays that one member writes and another reads lie in shared memory: parameters and gradients, the lanes,
    and what is handed on at barriers. Everything else a member has for itself.
    """

    def __init__(
        self,
        graph: Graph,
        parameters: Parameters,
        batch_size: int,
        seed: int,
        kernels: Kernels,
        workspace: Workspace,
    ) -> None:
        self._graph, self._parameters, self._workspace = graph, parameters, workspace
        self.plan = training_plan(graph, batch_size, kernels)
        self._batch_size = batch_size
        self._clock = Clock(seed)
        self._preparing = [node for node in self.plan.nodes if type(node.layer).prepare is not Layer.prepare]
        self._stages: dict[int, list[StageRun]] = {}  # by number of samples: a full batch and the last one
        self._shared: Shared | None = None
        self._contexts = self._contexts_of_steps()
        ends = {own.until_epoch for node in graph.nodes for own in node.parameters if own.trainable}
        self._ends = sorted(end for end in ends if end is not None)  # the epochs from which on less is trained
        self._ended = 0  # how many of them have come

    def _contexts_of_steps(self) -> dict[int, StepContext]:
        """Return the contexts in which nodes prepare a step, by index."""
        return {
            node.index: StepContext(self._workspace, node, training=True, needs_dx=self.plan.needs_dx(node))
            for node in self._graph.nodes
        }

    def join(self, team: Team) -> None:
        """Work with this team from now on. Its processes, if that is what it is, are forked after this call."""
        stages, dtype, workspace = self.plan.stages, self._parameters.dtype, self._workspace
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
            workspace.share(INPUT, "input", self._graph.input_shape, dtype)
        for node in self._graph.nodes:
            if isinstance(node.layer, Keeping):
                workspace.share_bypass(node.layer.kept, node.input_shape, dtype)
        self._shared = Shared(self.plan, self._parameters, workspace, team, self._clock, memory)
        self._stages.clear()

    @np.errstate(all="ignore")  # what is not finite is found and reported by itself
    def step(self, batch: Batch, *, epoch: int, step: int) -> Array:
        """Run forward, loss and backward; fill the gradients, and return the loss's partial sums over the batch.

        A piece that is prepared from a source keeps its place in the array of the whole batch until backward is done
        with it. Where that array is not shared, each member has its own, of which only the pages that it writes to
        take memory. Raises GraphError with the node's name where a layer fails, and DataError where a piece cannot be
        prepared.
        """
        self._clock.epoch, self._clock.step = epoch, step
        self._clock.ticks += 1
        self._leave_out_what_has_ended(epoch)
        stages = self._stages.get(len(batch)) or self._make_stages(len(batch))
        self._prepare(stages)
        if isinstance(batch, ArrayBatch):
            x = batch.x
        else:
            whole = self._workspace.whole(INPUT, "input", self._graph.input_shape, self._parameters.dtype)
            x = whole[: len(batch)]
        given = feed(batch, x.__getitem__, epoch)
        inputs = given.inputs
        for stage in stages[:-1]:
            stage.forward(x, inputs)
            x, inputs = stage.y, stage.y.__getitem__
        sums = stages[-1].forward_and_back(x, inputs, given.targets, self._graph.loss)
        for stage in reversed(stages[:-1]):
            stage.backward()
        return sums

    def _leave_out_what_has_ended(self, epoch: int) -> None:
        """Leave out of backward what only parameters need whose training has ended; their gradients are zero."""
        ended = bisect_right(self._ends, epoch)
        if ended != self._ended:
            self._ended = ended
            self.plan = self.plan.at(epoch)
            self._contexts = self._contexts_of_steps()
            self._shared = replace(self._shared, plan=self.plan) if self._shared is not None else None
            self._stages.clear()
        for node in self._graph.nodes if ended else ():
            for parameter in node.parameters:
                if parameter.trainable and not parameter.trained_in(epoch):
                    self._parameters.gradients[node.name][parameter.name][...] = 0

    def _prepare(self, stages: Sequence[StageRun]) -> None:
        """Let layers compute what the pieces of this step share."""
        for node in self._preparing:
            with located(node):
                prepared = node.layer.prepare(self._parameters.values[node.name], self._contexts[node.index])
            for stage in stages:
                stage.take_prepared(node, prepared)

    def _make_stages(self, n: int) -> list[StageRun]:
        """Return the stages made ready for batches of n samples."""
        assert self._shared is not None
        runs: list[StageRun] = []
        for number, stage in enumerate(self.plan.stages):
            runs.append(StageRun(self._shared, stage, number, n, runs[-1] if runs else None))
        self._stages[n] = runs
        return runs
