"""Runs a graph over batches on all cores and ranks, with results that do not depend on how many there are."""

from collections.abc import Sequence

import numpy as np
from threadpoolctl import threadpool_limits

from graphnn.engine.batch import ArrayBatch, Batch, SourceBatch
from graphnn.engine.folding import SHARED_SIZE
from graphnn.engine.formation import Formation, LostProcess
from graphnn.engine.handover import in_engine_order
from graphnn.engine.inference import at_once
from graphnn.engine.plan import Plan, kernels_for
from graphnn.engine.program import Program
from graphnn.engine.ranks import Ranks
from graphnn.engine.replay import Replay
from graphnn.engine.requests import (
    ComputeLossInputs,
    Evaluate,
    Handed,
    HandedPositions,
    Predict,
    Request,
    TrainStep,
    Update,
)
from graphnn.engine.source import Source
from graphnn.engine.together import Together
from graphnn.engine.workspace import Clock
from graphnn.errors import GraphError
from graphnn.graph.batch_sizes import check_step, greatest_need
from graphnn.graph.graph import Graph, Node
from graphnn.kernels.kernels import Kernels
from graphnn.losses.base import Loss
from graphnn.machine.cores import available_cores
from graphnn.optimizers.updater import Updater
from graphnn.parameters.parameters import Parameters
from graphnn.types import Array


class Engine:
    """Trains and runs one graph with one set of parameters. Use it as a context manager, or call `close`.

    Arrays may lie in memory in any order; results do not depend on it. Images in channels-last order are not copied.

    batch_size: the largest number of samples in a training step. samples: how many there are, where it is known; no
    memory is taken for more, but batches are cut as they would be with more. threads: the number of cores to use, by
    default all that this process may use, and never more than a batch has lanes; the attribute has the number in use.
    On Linux each core runs a separate process, elsewhere a thread. seed: random draws of layers are keyed by it.
    kernels: by default the fastest installed. BLAS is limited to one thread while the engine is open. ranks: those that
    train together with this one; `lead` or `follow` begins it.

    An exception in a layer is raised as GraphError with the node's path, name and type; samples of a source that cannot
    be prepared raise DataError; a process that cannot be started, or ended unexpectedly, raises GraphError. The engine
    can be used again after any of them. Raises GraphError for fewer than one thread.
    """

    def __init__(
        self,
        graph: Graph,
        parameters: Parameters,
        *,
        batch_size: int,
        samples: int | None = None,
        threads: int | None = None,
        seed: int = 0,
        kernels: Kernels | None = None,
        ranks: Ranks | None = None,
    ) -> None:
        if threads is not None and threads < 1:
            raise GraphError(f"threads must be at least 1, not {threads}")
        self.graph, self.parameters = graph, parameters
        self.kernels = kernels or kernels_for(graph)
        self.kernels.load()
        self._most = batch_size if samples is None else max(1, min(batch_size, samples))
        self._program = Program(graph, parameters, batch_size, self._most, seed, self.kernels)
        self._seed = seed
        self._need = greatest_need(graph)
        self._at_once = at_once(batch_size, samples)
        self._together: Together | None = None
        if ranks is not None:
            self._together = Together(ranks, parameters, lambda: self._program.updater)
        self.threads = min(threads or available_cores(), self._lanes(ranks))
        self._formation = Formation(
            self._program, graph, parameters.dtype, threads=self.threads, at_once=self._at_once, ranks=ranks
        )
        self._blas = threadpool_limits(1, "blas")

    def _lanes(self, ranks: Ranks | None) -> int:
        """Return how many lanes of a batch this rank computes, at least 1: more members would wait in each step."""
        count, lanes = self.plan.cut.count(self._most), self.plan.cut.lanes
        return count if ranks is None else max(1, len(ranks.own(count, lanes)))

    @property
    def plan(self) -> Plan:
        """The plan of the training steps; backward leaves out the parameters that are frozen in the latest epoch."""
        return self._program.training.plan

    def __enter__(self) -> "Engine":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the threads or processes, and let other ranks end; restore the number of BLAS threads."""
        if self._together is not None and self._together.leads:
            self._together.end()
        self._formation.disband()
        self._blas.restore_original_limits()

    def supply(self, *sources: Source) -> None:
        """Share these sources with the processes. A call with a batch of a new source does so by itself.

        Processes see only the sources that existed when they were forked, so a new source starts new processes; the
        samples are not copied.
        """
        known = self._formation.sources
        new = [source for source in sources if not any(source is each for each in known)]
        if new:
            self._formation.disband()
            known.extend(new)

    def lead(self) -> None:
        """Lead the other ranks from now on, which have the same sources and `follow`."""
        if self._together is not None:
            self._share_sources()

    def follow(self) -> None:
        """Carry out what rank 0 asks for until its engine is closed. The sources are those of rank 0."""
        assert self._together is not None
        self._share_sources()
        self._together.follow(self)

    def _share_sources(self) -> None:
        """Say that all ranks have the present sources."""
        self._formation.disband()
        self._formation.common = len(self._formation.sources)

    def compare_ranks(self, epoch: int) -> None:
        """Raise GraphError where another rank has other values than this one; nothing where there is no other."""
        if self._together is not None:
            self._together.compare(epoch)

    def attach(self, updater: Updater) -> None:
        """Use this updater, which must be of the engine's parameters, in `update`."""
        self._formation.disband()  # for the same reason as in `supply`
        self._program.updater = updater

    def train_step(self, batch: Batch, *, epoch: int, step: int) -> Array:
        """Run forward, loss and backward; fill `parameters.gradient` and return the sum of the loss's partial sums.

        batch: n samples, 1 ≤ n ≤ batch_size. epoch, step: counted from 0; random draws are keyed by them. The gradient
        is that of the mean loss over the n samples. The result has the same bits whether the samples come as arrays or
        from a source. Raises ValueError for no samples or too many; GraphError, and changes nothing, for fewer than a
        layer's statistics need; DataError and GraphError as the class says.
        """
        if not 1 <= len(batch) <= self._most:  # arrays of a whole batch have room for no more
            raise ValueError(f"a step takes 1 to {self._most} samples, not {len(batch)}")
        check_step(self._need, len(batch))
        return np.asarray(self._carry_out(TrainStep(self._hand_over(batch), epoch, step), batch))

    def update(self, rates: Sequence[float], *, epoch: int = 0) -> None:
        """Update the parameters by their gradient, which is overwritten. An updater must be attached.

        rates: the learning rate of each rule of the updater. epoch: counted from 0; frozen parameters depend on it.
        """
        if self._together is not None:
            self._together.tell(Update(tuple(rates), epoch, 0, 0))
        self.update_here(rates, epoch=epoch)
        if self._together is not None:
            self._together.done()

    def update_here(self, rates: Sequence[float], *, epoch: int) -> None:
        """Update this rank's parameters, as `update` does those of all ranks."""
        updater = self._program.updater
        assert updater is not None
        processes = self._formation.processes
        if processes > 1 and self.parameters.vector.size > SHARED_SIZE:
            updater.begin()
            self._formation.carry_out(Update(tuple(rates), epoch, updater.steps, processes))
        else:
            updater.step(*rates, epoch=epoch)

    def predict(self, x: Array) -> Array:
        """Return the outputs for x, n×(input shape), in inference: n×(output shape) of the parameters' dtype."""
        outputs = np.empty((len(x), *self.graph.output_shape), self.parameters.dtype)
        for chunk in self.chunks(len(x)):
            count = self._formation.ready().put_inputs(x[chunk])
            self._formation.carry_out(Predict(count))
            outputs[chunk] = self._formation.ready().outputs(count)
        return outputs

    def evaluate(self, batch: Batch, inputs: Array | None = None) -> Array:
        """Return the loss's partial sums, in inference, over any number of samples; see Loss.summarise.

        inputs: receives those of the loss, as `loss_inputs` returns them.
        """
        sums = []
        for chunk in self.chunks(len(batch)):
            handed = self._hand_over(batch.part(chunk))
            sums.append(self._carry_out(Evaluate(handed, inputs is not None), batch.part(chunk)))
            if inputs is not None:
                inputs[chunk] = self._formation.ready().outputs(handed.count)
        return np.asarray(np.sum(np.array(sums), axis=0))

    def loss_inputs(self, batch: Batch) -> Array:
        """Return the inputs of the loss, in inference: n×(output shape), for any number n of samples.

        These are the outputs, or the logits where the loss is computed together with the last layer.
        """
        values = np.empty((len(batch), *self.graph.output_shape), self.parameters.dtype)
        for chunk in self.chunks(len(batch)):
            handed = self._hand_over(batch.part(chunk))
            self._carry_out(ComputeLossInputs(handed), batch.part(chunk))
            values[chunk] = self._formation.ready().outputs(handed.count)
        return values

    def chunks(self, n: int) -> list[slice]:
        """Return the chunks in which inference goes through n samples: as many at a time as `at_once` says.

        The last chunk may be smaller. Losses are summed over the chunks in order, so evaluating chunk by chunk gives
        the same bits.
        """
        return [slice(start, min(start + self._at_once, n)) for start in range(0, n, self._at_once)]

    def first_non_finite(self, x: Array, *, epoch: int, step: int) -> Node | None:
        """Run the forward pass of a training step again; return the first node with a non-finite output, or None.

        x: the batch, n×(input shape). epoch, step: of that training step; random draws are keyed by them. The
        parameters must have the values that the step was run with. Nothing is changed.
        """
        clock = Clock(self._seed, epoch, step)
        x = in_engine_order(x, self.parameters.dtype)
        return Replay(self.graph, self.parameters, self.kernels, len(x), clock).first_non_finite(x, self.plan)

    def first_non_finite_gradient(self, batch: ArrayBatch, *, epoch: int, step: int) -> Node | Loss | None:
        """Run a training step again whose forward is finite; return what first has a gradient that is not finite.

        That is the loss or a node; None where only the sums over the pieces are not finite. Nothing is changed.
        """
        from graphnn.engine.backward_replay import BackwardReplay  # rarely needed

        replay = BackwardReplay(self.graph, self.parameters, self.kernels, len(batch), Clock(self._seed, epoch, step))
        return replay.first_non_finite_gradient(batch, self.plan)

    def first_non_finite_in_inference(self, x: Array) -> Node | None:
        """Return the first node whose output for x, n×(input shape), is not finite in inference, or None."""
        x = in_engine_order(x, self.parameters.dtype)
        return Replay(self.graph, self.parameters, self.kernels, len(x)).first_non_finite(x, self.plan)

    def _hand_over(self, batch: Batch) -> Handed:
        """Hand a batch over to all members of the team."""
        if isinstance(batch, SourceBatch):
            self.supply(batch.source)
        handover = self._formation.ready()
        if isinstance(batch, ArrayBatch) and not handover.fits(batch.y):
            self._formation.disband()
            handover = self._formation.form(batch.y.shape[1:], batch.y.dtype)
        return handover.put(batch)

    def _carry_out(self, request: TrainStep | Evaluate | ComputeLossInputs, batch: Batch) -> Array | None:
        """Let all ranks that have the samples carry out a request on the batch handed over; return its result."""
        together = None if request.batch.alone else self._together
        if together is None or not isinstance(batch, SourceBatch):
            return self._formation.carry_out(request)
        together.tell(request, batch.positions)
        try:
            result = self._formation.carry_out(request)
        except LostProcess:
            raise
        except GraphError:
            together.done()  # every rank raised it at the same point
            raise
        together.done()
        return result

    def carry_out_here(self, request: Request, positions: Array) -> None:
        """Carry out a request of rank 0 on samples at these positions; rank 0 reports the errors of all ranks."""
        assert isinstance(request, TrainStep | Evaluate | ComputeLossInputs)
        handed = request.batch
        assert isinstance(handed, HandedPositions)
        self._formation.ready().put(SourceBatch(self._formation.sources[handed.source], positions))
        try:
            self._formation.carry_out(request)
        except LostProcess:
            raise
        except GraphError:
            return  # rank 0 raises it too, and reports it
