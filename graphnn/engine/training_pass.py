"""Runs a training step: forward, loss and backward of one batch, stage by stage."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from graphnn.engine.batch import ArrayBatch, Batch, feed
from graphnn.engine.crew import Crew
from graphnn.engine.folding import most_buffers
from graphnn.engine.lanes import trained_size
from graphnn.engine.plan import training_plan
from graphnn.engine.shared_preparation import SharedPreparation
from graphnn.engine.stage import Shared, StageRun, located
from graphnn.engine.tables import Tables
from graphnn.engine.workspace import Clock, StepContext, Workspace
from graphnn.graph.graph import Graph
from graphnn.kernels.kernels import Kernels
from graphnn.layers.base import Layer
from graphnn.layers.bypass import Keeping
from graphnn.parameters.parameters import Parameters
from graphnn.shared_memory import shared_zeros
from graphnn.types import Array

INPUT = -1  # the node index under which the workspace has the inputs of a batch


class TrainingPass:
    """Runs training steps of a graph as a member of a team. Every member makes the same calls with the same arguments.

    batch_size: of the document, by which batches are cut; the workspace has room for a step. seed: random draws are
    keyed by it, with epoch, step, node and piece. Arrays that one member writes and another reads are in shared memory:
    parameters and gradients, the lanes' sums, and tables of what is combined at barriers. All other arrays are private
    to a member, which computes the same samples in all stages.
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
        self._stages: dict[int, list[StageRun]] = {}  # by number of samples: of a full batch and of the last one
        self._shared: Shared | None = None
        self._preparation: SharedPreparation | None = None
        self._contexts = self._contexts_of_steps()
        ends = {each.until_epoch for node in graph.nodes for each in node.parameters if each.trainable}
        self._ends = sorted(end for end in ends if end is not None)  # the epochs in which parameters become frozen
        self._ended = 0  # how many of these epochs have begun

    def _contexts_of_steps(self) -> dict[int, StepContext]:
        """Return the contexts in which nodes prepare a step, by node index."""
        return {
            node.index: StepContext(self._workspace, node, training=True, needs_dx=self.plan.needs_dx(node))
            for node in self._graph.nodes
        }

    def join(self, crew: Crew) -> None:
        """Work with this crew from now on. A team of processes is forked after this call."""
        stages, dtype, workspace = self.plan.stages, self._parameters.dtype, self._workspace
        largest = max(trained_size(stage.nodes) for stage in stages)
        lanes = self.plan.cut.lanes
        buffers = most_buffers(lanes, lambda count: crew.members(count, lanes))
        memory = [shared_zeros(largest, dtype) for _ in range(buffers - 1)]
        at_barriers = [math.prod(stage.exit.output_shape) for stage in stages if stage.exit is not None]
        workspace.reserve(("dy 0", "dy 1"), max(at_barriers, default=0), dtype)
        for node in self._graph.nodes:
            if isinstance(node.layer, Keeping):
                workspace.reserve_bypass(node.layer.kept, node.input_shape, dtype)
        first = self.plan.at(0)  # later epochs need no more gradients
        self._preparation = SharedPreparation(self._preparing, self._parameters, workspace, crew.team, first.needs_dx)
        tables = Tables(self._graph, self.plan, workspace.batch_size)
        self._shared = Shared(self.plan, self._parameters, workspace, crew, self._clock, memory, tables)
        self._stages.clear()

    @np.errstate(all="ignore")  # values that are not finite are looked for and reported elsewhere
    def step(self, batch: Batch, *, epoch: int, step: int) -> Array:
        """Run forward, loss and backward; fill the gradients, and return the loss's partial sums over the batch.

        batch: as many samples as the workspace has room for, or fewer. epoch, step: counted from 0. The pieces of a
        source are prepared into an array of the whole batch, where they stay until backward has used them; each member
        has one, of which only the pages that it writes to take memory. Raises GraphError with the node's name where a
        layer fails, and DataError where a piece cannot be prepared.
        """
        self._clock.epoch, self._clock.step = epoch, step
        self._clock.ticks += 1
        self._leave_out_frozen(epoch)
        stages = self._stages.get(len(batch)) or self._make_stages(len(batch))
        self._prepare(stages)
        if isinstance(batch, ArrayBatch):
            x = batch.x
        else:
            whole = self._workspace.whole(INPUT, "input", self._graph.input_shape, self._parameters.dtype)
            x = whole[: len(batch)]
        samples = feed(batch, x.__getitem__, epoch)
        inputs = samples.inputs
        for stage in stages[:-1]:
            stage.forward(x, inputs)
            x, inputs = stage.y, stage.y.__getitem__
        sums = stages[-1].forward_and_back(x, inputs, samples.targets, self._graph.loss)
        for stage in reversed(stages[:-1]):
            stage.backward()
        assert self._shared is not None
        cut = self.plan.cut
        self._shared.crew.add(self._parameters.gradient, cut.count(len(batch)), cut.lanes)
        for stage in stages:
            stage.write_gradients_at_entry()
        return sums

    def _leave_out_frozen(self, epoch: int) -> None:
        """Leave out of backward what only parameters need that are frozen by now; set their gradients to zero."""
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
        """Call `prepare` of the layers that have one, for all pieces of this step; the team shares large ones out."""
        assert self._preparation is not None
        self._preparation.renew()
        for node in self._preparing:
            prepared = self._preparation.prepared.get(node.index)
            if prepared is None:
                with located(node):
                    prepared = node.layer.prepare(self._parameters.values[node.name], self._contexts[node.index])
            for stage in stages:
                stage.set_prepared(node, prepared)

    def _make_stages(self, n: int) -> list[StageRun]:
        """Return the stages made ready for batches of n samples."""
        assert self._shared is not None
        runs: list[StageRun] = []
        for number, stage in enumerate(self.plan.stages):
            runs.append(StageRun(self._shared, stage, number, n, runs[-1] if runs else None))
        self._stages[n] = runs
        return runs
