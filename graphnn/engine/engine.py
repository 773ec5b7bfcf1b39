"""Runs a graph over batches on all cores, with results that no number of threads changes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from graphnn.engine import blas_memory
from graphnn.engine.batch import ArrayBatch, Batch, SourceBatch
from graphnn.engine.handover import DirectHandover, Handover, SharedHandover
from graphnn.engine.inference import CHUNK
from graphnn.engine.lanes import SHARED_SIZE
from graphnn.engine.plan import Plan, kernels_for
from graphnn.engine.processes import Lost, Processes, can_fork
from graphnn.engine.program import Program
from graphnn.engine.replay import Replay
from graphnn.engine.requests import ComputeLossInputs, Evaluate, Handed, Predict, Request, TrainStep, Update
from graphnn.engine.source import Source
from graphnn.engine.workers import Workers, available_cores
from graphnn.engine.workspace import Clock
from graphnn.errors import GraphError
from graphnn.graph.graph import Graph, Node
from graphnn.kernels.kernels import Kernels
from graphnn.optimizers.updater import Updater
from graphnn.parameters.parameters import Parameters
from graphnn.types import Array, Shape


class Engine:
    """Trains and runs one graph with one set of parameters. Use it as a context manager, or call `close`.

    batch_size: the most samples of a training step. threads: how many cores to use, by default all that this process
    may; on Linux each gets a process of its own, elsewhere a thread; then, how many it does use: no more than a batch
    has pieces. seed: the one that layers' random draws are keyed by. kernels: by default the fastest installed. BLAS is
    held to one thread while the engine is open.

    What a layer raises comes as GraphError with the node's place, name and type; samples of a source that cannot be
    prepared raise DataError; a process that was lost raises GraphError. After any of them the engine may be used again.
    Raises GraphError for fewer than one thread.
    """

    def __init__(
        self,
        graph: Graph,
        parameters: Parameters,
        *,
        batch_size: int,
        threads: int | None = None,
        seed: int = 0,
        kernels: Kernels | None = None,
    ) -> None:
        if threads is not None and threads < 1:
            raise GraphError(f"threads must be at least 1, not {threads}")
        self.graph, self.parameters = graph, parameters
        self.kernels = kernels or kernels_for(graph)
        self.kernels.load()
        self._program = Program(graph, parameters, batch_size, seed, self.kernels)
        self._seed, self._batch_size = seed, batch_size
        self._at_once = batch_size * -(-CHUNK // batch_size)
        most = max(len(stage.cut(batch_size)) for stage in self.plan.stages)
        self.threads = min(threads or available_cores(), most)
        self._sources: list[Source] = []
        self._team: Workers | Processes | None = None
        self._handover: Handover | None = None
        self._blas = threadpool_limits(1, "blas")

    @property
    def plan(self) -> Plan:
        """How training steps are run; what they leave out may change with the epoch."""
        return self._program.training.plan

    def __enter__(self) -> "Engine":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the threads or processes and give BLAS its own back."""
        self._disband()
        self._blas.restore_original_limits()

    def supply(self, *sources: Source) -> None:
        """Make the processes know these sources. A call with a batch of a new one does so by itself.

        Processes know only what was there when they were forked, so new sources take new processes; the data itself is
        not copied.
        """
        new = [source for source in sources if not any(source is each for each in self._sources)]
        if new:
            self._disband()
            self._sources.extend(new)

    def attach(self, updater: Updater) -> None:
        """Make `update` work with this updater of the engine's parameters."""
        self._disband()  # for the same reason as in `supply`
        self._program.updater = updater

    def train_step(self, batch: Batch, *, epoch: int, step: int) -> Array:
        """Run forward, loss and backward; fill `parameters.gradient` and return the loss's partial sums, added up.

        batch: of n samples, 1 ≤ n ≤ batch_size. epoch, step: counted from 0; random draws are keyed by them. The
        gradient is that of the mean loss over n. The bits are the same whether the samples come as arrays or from a
        source. Raises ValueError for no samples or too many.
        """
        if not 1 <= len(batch) <= self._batch_size:  # the arrays that pieces lie in would be cut short
            raise ValueError(f"a step takes 1 to {self._batch_size} samples, not {len(batch)}")
        return np.asarray(self._carry_out(TrainStep(self._hand_over(batch), epoch, step)))

    def update(self, rates: Sequence[float], *, epoch: int = 0) -> None:
        """Update the parameters by their gradient, which is overwritten. Needs an updater: see `attach`.

        rates: a learning rate for each rule of the updater. epoch: counted from 0; tells what is still trained.
        """
        updater = self._program.updater
        assert updater is not None
        if isinstance(self._team, Processes) and self.parameters.vector.size > SHARED_SIZE:
            updater.begin()
            self._carry_out(Update(tuple(rates), epoch, updater.steps, self._team.size))
        else:
            updater.step(*rates, epoch=epoch)

    def predict(self, x: Array) -> Array:
        """Return the outputs in inference for x, n×(input shape): n×(output shape), in the parameters' dtype."""
        outputs = np.empty((len(x), *self.graph.output_shape), self.parameters.dtype)
        for chunk in self.chunks(len(x)):
            count = self._ready().put_inputs(x[chunk])
            self._carry_out(Predict(count))
            outputs[chunk] = self._ready().outputs(count)
        return outputs

    def evaluate(self, batch: Batch) -> Array:
        """Return the loss's partial sums in inference over any number of samples."""
        chunks = self.chunks(len(batch))
        sums = [self._carry_out(Evaluate(self._hand_over(batch.part(chunk)))) for chunk in chunks]
        return np.asarray(np.sum(np.array(sums), axis=0))

    def loss_inputs(self, batch: Batch) -> Array:
        """Return what the loss is computed from in inference, n×(output shape), for any number n of samples.

        These are the outputs, or where the loss is computed together with the last layer, the input of that: the
        logits.
        """
        values = np.empty((len(batch), *self.graph.output_shape), self.parameters.dtype)
        for chunk in self.chunks(len(batch)):
            handed = self._hand_over(batch.part(chunk))
            self._carry_out(ComputeLossInputs(handed))
            values[chunk] = self._ready().outputs(handed.count)
        return values

    def chunks(self, n: int) -> list[slice]:
        """Return the chunks that inference takes n samples in: whole batches, at least CHUNK samples, the last fewer.

        Losses are summed over the chunks in order, so whoever goes chunk by chunk gets the same bits.
        """
        return [slice(start, min(start + self._at_once, n)) for start in range(0, n, self._at_once)]

    def first_non_finite(self, x: Array, *, epoch: int, step: int) -> Node | None:
        """Run a training step's forward again; return the first node whose output is not finite, None where all are.

        x: the batch, n×(input shape). epoch, step: those of the step, which random draws are keyed by. The parameters
        must be those that the step was run with; nothing is changed.
        """
        clock = Clock(self._seed, epoch, step)
        return Replay(self.graph, self.parameters, self.kernels, len(x), clock).first_non_finite(x, self.plan)

    def first_non_finite_in_inference(self, x: Array) -> Node | None:
        """Return the first node whose output for x, n×(input shape), is not finite in inference; None where all are."""
        return Replay(self.graph, self.parameters, self.kernels, len(x)).first_non_finite(x, self.plan)

    def _hand_over(self, batch: Batch) -> Handed:
        """Put a batch where all members of the team find it."""
        if isinstance(batch, SourceBatch):
            self.supply(batch.source)
        handover = self._ready()
        if isinstance(batch, ArrayBatch) and not handover.fits(batch.y):
            self._disband()
            handover = self._form(batch.y.shape[1:], batch.y.dtype)
        return handover.put(batch)

    def _carry_out(self, request: Request) -> Array | None:
        """Let all members of the team carry out a request; return its result."""
        team = self._team
        if isinstance(team, Workers):
            return self._program.carry_out(request)
        assert team is not None
        try:
            team.exchange(request)
            return self._program.carry_out(request)
        except GraphError:
            raise  # every process met it in the same place
        except Lost as error:
            self._disband()
            raise GraphError(f"a process of the engine was lost: {error}") from error
        except BaseException:
            self._disband()  # the others wait where this one left
            raise

    def _ready(self) -> Handover:
        """Return what samples are handed over by, to a team that is there."""
        return self._handover or self._form()

    def _form(self, targets: Shape = (), targets_dtype: Any = np.int64) -> Handover:
        """Make the team, for targets of one shape and dtype, and what samples are handed over to it by."""
        dtype = self.parameters.dtype
        if self.threads == 1 or not can_fork():
            workers = self._team = Workers(self.threads)
            handover: Handover = DirectHandover(self._at_once, self.graph, dtype, self._sources)
            self._program.join(workers, handover)
            workers.run(self._fill_blas_memory, self.threads)
        else:
            processes = self._team = Processes(self.threads)
            handover = SharedHandover(self._at_once, self.graph, dtype, self._sources, targets, targets_dtype)
            self._program.join(processes, handover)
            processes.fork(lambda: self._serve(processes))
            self._fill_blas_memory(processes.rank)
        self._handover = handover
        return handover

    def _fill_blas_memory(self, _: int) -> None:
        blas_memory.fill(self.parameters.dtype)

    def _serve(self, team: Processes) -> None:
        """Carry out what the first process asks for, in one forked from it, to the end."""
        self._program.part_from_original()
        self._fill_blas_memory(team.rank)
        while True:
            request: Request = team.exchange(None)[0]
            self._program.refresh()
            try:
                self._program.carry_out(request)
            except GraphError:
                continue  # the first process meets it too, and reports it

    def _disband(self) -> None:
        if self._team is not None:
            self._team.close()
        self._team = self._handover = None
