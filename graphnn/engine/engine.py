"""Runs a graph over batches on all cores, with results that no number of threads changes."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from graphnn.engine import blas_memory
from graphnn.engine.lanes import SHARED_SIZE
from graphnn.engine.plan import Plan, kernels_for
from graphnn.engine.processes import Lost, Processes, can_fork
from graphnn.engine.program import Program
from graphnn.engine.replay import Replay
from graphnn.engine.source import Source
from graphnn.engine.workers import Workers, available_cores
from graphnn.engine.workspace import Clock
from graphnn.errors import GraphError
from graphnn.graph.graph import Graph, Node
from graphnn.kernels.kernels import Kernels
from graphnn.layers.context import channels_last
from graphnn.optimizers.updater import Updater
from graphnn.parameters.parameters import Parameters
from graphnn.shared_memory import shared_zeros
from graphnn.types import Array, Shape

AT_ONCE = 512  # samples of a pass in testing, or the training batch where that is larger


class Inputs:
    """Shared memory that hands batches to the other processes."""

    def __init__(self, samples: int, graph: Graph, dtype: Any, targets: Shape, targets_dtype: Any) -> None:
        def make(tail: Shape, dtype: Any) -> Array:
            shape = (samples, *tail)
            return channels_last(shared_zeros(shape, dtype), shape)

        self.x, self.out = make(graph.input_shape, dtype), make(graph.output_shape, dtype)
        self.y = make(targets, targets_dtype)
        self.chosen = make((), np.int64)

    def cut(self, lengths: Sequence[int | None]) -> list[Array | None]:
        """Return the first so many samples of x, y, chosen and out; None where there are none."""
        whole = (self.x, self.y, self.chosen, self.out)
        return [None if length is None else array[:length] for array, length in zip(whole, lengths, strict=True)]

    def fit(self, targets: Shape, targets_dtype: Any) -> bool:
        """Whether such targets may be put in."""
        return self.y.shape[1:] == targets and self.y.dtype == targets_dtype


class Engine:
    """Trains and runs one graph with one set of parameters. Use it as a context manager, or call `close`.

    batch_size: the most samples of a training step. threads: how many cores to use, by default all that this process
    may; on Linux each gets a process of its own, elsewhere a thread; then, how many it does use: no more than a batch
    has pieces. BLAS is held to one thread while it is open.
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
        self._seed = seed
        self._batch_size, self._at_once = batch_size, max(batch_size, AT_ONCE)
        most = max(len(stage.cut(batch_size)) for stage in self.plan.stages)
        self.threads = min(threads or available_cores(), most)
        self._team: Workers | Processes | None = None
        self._inputs: Inputs | None = None
        self._blas = threadpool_limits(1, "blas")

    @property
    def plan(self) -> Plan:
        """How training steps are run; what they leave out may change with the epoch."""
        return self._program.plan

    def __enter__(self) -> "Engine":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the threads or processes and give BLAS its own back."""
        self._disband()
        self._blas.restore_original_limits()

    def train_step(self, x: Array, y: Array, *, epoch: int, step: int) -> Array:
        """Run forward, loss and backward; fill `parameters.gradient` and return the loss's partial sums, added up.

        x: n×(input shape), y: n targets, with 1 ≤ n ≤ batch_size. The gradient is that of the mean loss over n.
        """
        return np.asarray(self._call("train_step", epoch, step, x=x, y=y))

    def supply(self, *sources: Source) -> None:
        """Make the processes know these samples. `train_on` and `evaluate_on` do so with what is new to them.

        Processes know only what was there when they were forked, so new samples take new processes; the data itself is
        not copied.
        """
        known = self._program.sources
        new = [source for source in sources if not any(source is each for each in known)]
        if new:
            self._disband()
            known.extend(new)

    def train_on(self, source: Source, chosen: Array, *, epoch: int, step: int) -> Array:
        """Do what `train_step` does, for the samples of a source at the positions `chosen`, 1 to batch_size of them.

        Each process prepares the pieces that it computes, right before; only the positions are handed to it. So all
        cores share that work, and none waits for a batch. The bits are those of `train_step` for the same batch.
        Raises DataError where samples cannot be prepared, and ValueError for no positions or too many.
        """
        if not 1 <= len(chosen) <= self._batch_size:  # the array that pieces are prepared in would be cut short
            raise ValueError(f"a step takes 1 to {self._batch_size} samples, not {len(chosen)}")
        return np.asarray(self._call("train_on", self._number(source), epoch, step, chosen=chosen))

    def attach(self, updater: Updater) -> None:
        """Make `update` work with this updater of the engine's parameters."""
        self._disband()  # for the same reason as in `supply`
        self._program.updater = updater

    def update(self, *rates: float, epoch: int = 0) -> None:
        """Update the parameters by their gradient, which is overwritten. rates: one for each rule of the updater."""
        updater = self._program.updater
        assert updater is not None
        if isinstance(self._team, Processes) and self.parameters.vector.size > SHARED_SIZE:
            updater.begin()
            self._call("update", epoch, updater.steps, self._team.size, *rates)
        else:
            updater.step(*rates, epoch=epoch)

    def predict(self, x: Array) -> Array:
        """Return the outputs for any number of samples, with the layers in testing."""
        outputs = np.empty((len(x), *self.graph.output_shape), self.parameters.dtype)
        for part in self._parts(len(x)):
            self._call("predict", x=x[part], out=outputs[part])
        return outputs

    def evaluate(self, x: Array, y: Array) -> Array:
        """Return the loss's partial sums over one or more samples, with the layers in testing."""
        parts = self._parts(len(x))
        return np.asarray(np.sum([self._call("evaluate", x=x[part], y=y[part]) for part in parts], axis=0))

    def evaluate_on(self, source: Source, chosen: Array) -> Array:
        """Do what `evaluate` does, for the samples of a source at the positions `chosen`, prepared as in `train_on`."""
        number, parts = self._number(source), self._parts(len(chosen))
        return np.asarray(np.sum([self._call("evaluate_on", number, chosen=chosen[part]) for part in parts], axis=0))

    def outputs_on(self, source: Source, chosen: Array) -> Array:
        """Return what the loss is computed from, with the layers in testing, for samples prepared as in `train_on`.

        These are the outputs, or where the loss is computed together with the last layer, the input of that: the
        logits, n×(output shape).
        """
        outputs = np.empty((len(chosen), *self.graph.output_shape), self.parameters.dtype)
        number = self._number(source)
        for part in self._parts(len(chosen)):
            self._call("outputs_on", number, chosen=chosen[part], out=outputs[part])
        return outputs

    def _parts(self, n: int) -> list[slice]:
        """Return the passes that testing takes n samples in."""
        return [slice(start, start + self._at_once) for start in range(0, n, self._at_once)]

    def _number(self, source: Source) -> int:
        """Return the number that the processes know a source by."""
        self.supply(source)
        return next(number for number, each in enumerate(self._program.sources) if each is source)

    def _call(
        self,
        name: str,
        *arguments: float,
        x: Array | None = None,
        y: Array | None = None,
        chosen: Array | None = None,
        out: Array | None = None,
    ) -> Any:
        """Run one of the program's methods, over a batch or none, in all members of the team."""
        team = self._team or self._form()
        if isinstance(team, Workers):
            x = None if x is None else x.astype(self.parameters.dtype, copy=False)
            return self._run(name, (x, y, chosen, out), arguments)
        try:
            arrays = self._hand_over(x, y, chosen, out)
            assert isinstance(self._team, Processes)
            self._team.exchange((name, [None if each is None else len(each) for each in arrays], arguments))
            result = self._run(name, arrays, arguments)
        except GraphError:
            raise  # every process met it in the same place
        except Lost as error:
            self._disband()
            raise GraphError(f"a process of the engine was lost: {error}") from error
        except BaseException:
            self._disband()  # the others wait where this one left
            raise
        if out is not None:
            out[...] = arrays[3]
        return result

    def _run(self, name: str, arrays: Sequence[Array | None], arguments: tuple[float, ...]) -> Any:
        method: Callable[..., Any] = getattr(self._program, name)
        return method(*(array for array in arrays if array is not None), *arguments)

    def _form(self, targets: Shape = (), targets_dtype: Any = np.int64) -> Workers | Processes:
        """Make the team."""
        if self.threads == 1 or not can_fork():
            self._team = Workers(self.threads)
            self._program.join(self._team)
            self._team.run(self._fill_blas_memory, self.threads)
            return self._team
        self._team = Processes(self.threads)
        self._inputs = Inputs(self._at_once, self.graph, self.parameters.dtype, targets, targets_dtype)
        self._program.join(self._team)
        self._team.fork(self._serve)
        self._fill_blas_memory(self._team.rank)
        return self._team

    def _fill_blas_memory(self, _: int) -> None:
        blas_memory.fill(self.parameters.dtype)

    def _hand_over(
        self, x: Array | None, y: Array | None, chosen: Array | None, out: Array | None
    ) -> list[Array | None]:
        """Put a batch where the other processes see it, and return all four as they lie there."""
        if y is not None and self._inputs is not None and not self._inputs.fit(y.shape[1:], y.dtype):
            self._disband()
            self._form(y.shape[1:], y.dtype)
        assert self._inputs is not None
        if x is not None:
            self._inputs.x[: len(x)] = x
        if y is not None:
            self._inputs.y[: len(y)] = y
        if chosen is not None:
            self._inputs.chosen[: len(chosen)] = chosen
        return self._inputs.cut([None if each is None else len(each) for each in (x, y, chosen, out)])

    def _serve(self) -> None:
        """Follow the first process, in one forked from it, to the end."""
        team, inputs = self._team, self._inputs
        assert isinstance(team, Processes)
        assert inputs is not None
        self._program.part_from_original()
        self._fill_blas_memory(team.rank)
        while True:
            name, lengths, arguments = team.exchange(None)[0]
            self._program.refresh()
            try:
                self._run(name, inputs.cut(lengths), arguments)
            except GraphError:
                continue  # the first process meets it too, and reports it

    def _disband(self) -> None:
        if self._team is not None:
            self._team.close()
        self._team = self._inputs = None

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
