"""Runs a graph over batches on all cores, with results that no number of threads changes."""

from collections.abc import Callable
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from graphnn.engine.processes import Lost, Processes, can_fork
from graphnn.engine.program import Program
from graphnn.engine.workers import Workers, available_cores
from graphnn.engine.workspace import channels_last
from graphnn.errors import GraphError
from graphnn.graph import Graph, Node
from graphnn.layers.context import Context
from graphnn.parameters import Parameters
from graphnn.shared_memory import shared_zeros
from graphnn.types import Array, Shape

AT_ONCE = 512  # samples of a pass in testing, or the training batch where that is larger


class Inputs:
    """Shared memory that hands batches to the other processes."""

    def __init__(self, samples: int, graph: Graph, dtype: Any, targets: Shape, targets_dtype: Any) -> None:
        def make(tail: Shape, dtype: Any) -> Array:
            shape = (samples, *tail)
            return channels_last(shared_zeros(shape, dtype).reshape(-1), shape)

        self.x, self.out = make(graph.input_shape, dtype), make(graph.output_shape, dtype)
        self.y = make(targets, targets_dtype)

    def fit(self, targets: Shape, targets_dtype: Any) -> bool:
        """Whether such targets may be put in."""
        return self.y.shape[1:] == targets and self.y.dtype == targets_dtype


class Engine:
    """Trains and runs one graph with one set of parameters. Use it as a context manager, or call `close`.

    batch_size: the most samples of a training step. threads: how many cores to use, by default all that this process
    may; on Linux each gets a process of its own, elsewhere a thread. BLAS is held to one thread while it is open.
    """

    def __init__(
        self, graph: Graph, parameters: Parameters, *, batch_size: int, threads: int | None = None, seed: int = 0
    ) -> None:
        self.graph, self.parameters = graph, parameters
        self._program = Program(graph, parameters, batch_size, seed)
        self.plan = self._program.plan
        self._at_once = max(batch_size, AT_ONCE)
        most = max(len(stage.cut(batch_size)) for stage in self.plan.stages)
        self._threads = min(threads or available_cores(), most)
        self._team: Workers | Processes | None = None
        self._inputs: Inputs | None = None
        self._blas = threadpool_limits(1, "blas")

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
        return np.asarray(self._call("train_step", x, y, epoch, step))

    def predict(self, x: Array) -> Array:
        """Return the outputs for any number of samples, with the layers in testing."""
        outputs = np.empty((len(x), *self.graph.output_shape), self.parameters.dtype)
        for start in range(0, len(x), self._at_once):
            part = slice(start, start + self._at_once)
            self._call("predict", x[part], None, out=outputs[part])
        return outputs

    def evaluate(self, x: Array, y: Array) -> Array:
        """Return the loss's partial sums over one or more samples, with the layers in testing."""
        parts = [slice(start, start + self._at_once) for start in range(0, len(x), self._at_once)]
        return np.asarray(np.sum([self._call("evaluate", x[part], y[part]) for part in parts], axis=0))

    def _call(self, name: str, x: Array, y: Array | None, *arguments: int, out: Array | None = None) -> Any:
        """Run one of the program's methods over a batch, in all members of the team."""
        team = self._team or self._form()
        if isinstance(team, Workers):
            return self._run(name, x.astype(self.parameters.dtype, copy=False), y, arguments, out)
        try:
            inputs = self._hand_over(x, y)
            shared_y = None if y is None else inputs.y[: len(x)]
            shared_out = None if out is None else inputs.out[: len(x)]
            assert isinstance(self._team, Processes)
            self._team.exchange((name, len(x), y is not None, arguments))
            result = self._run(name, inputs.x[: len(x)], shared_y, arguments, shared_out)
        except GraphError:
            raise  # every process met it in the same place
        except Lost as error:
            self._disband()
            raise GraphError(f"a process of the engine was lost: {error}") from error
        except BaseException:
            self._disband()  # the others wait where this one left
            raise
        if out is not None:
            out[...] = shared_out
        return result

    def _run(self, name: str, x: Array, y: Array | None, arguments: tuple[int, ...], out: Array | None) -> Any:
        method: Callable[..., Any] = getattr(self._program, name)
        return method(x, *(each for each in (y, out) if each is not None), *arguments)

    def _form(self, targets: Shape = (), targets_dtype: Any = np.int64) -> Workers | Processes:
        """Make the team."""
        if self._threads == 1 or not can_fork():
            self._team = Workers(self._threads)
            self._program.join(self._team)
            return self._team
        self._team = Processes(self._threads)
        self._inputs = Inputs(self._at_once, self.graph, self.parameters.dtype, targets, targets_dtype)
        self._program.join(self._team)
        self._team.fork(self._serve)
        return self._team

    def _hand_over(self, x: Array, y: Array | None) -> Inputs:
        """Put a batch where the other processes see it."""
        if y is not None and self._inputs is not None and not self._inputs.fit(y.shape[1:], y.dtype):
            self._disband()
            self._form(y.shape[1:], y.dtype)
        assert self._inputs is not None
        self._inputs.x[: len(x)] = x
        if y is not None:
            self._inputs.y[: len(y)] = y
        return self._inputs

    def _serve(self) -> None:
        """Follow the first process, in one forked from it, to the end."""
        team, inputs = self._team, self._inputs
        assert isinstance(team, Processes)
        assert inputs is not None
        self._program.part_from_original()
        while True:
            name, n, has_targets, arguments = team.exchange(None)[0]
            self._program.refresh()
            y, out = inputs.y[:n] if has_targets else None, inputs.out[:n] if name == "predict" else None
            try:
                self._run(name, inputs.x[:n], y, arguments, out)
            except GraphError:
                continue  # the first process meets it too, and reports it

    def _disband(self) -> None:
        if self._team is not None:
            self._team.close()
        self._team = self._inputs = None

    def first_non_finite(self, x: Array) -> Node | None:
        """Return the first node whose output for x in training is not finite; None where all are. Changes nothing."""
        value = x
        for node in self.graph.nodes:
            own = {name: array.copy() for name, array in self.parameters.values[node.name].items()}
            ctx = Context(training=True)
            with np.errstate(all="ignore"):
                value, _ = node.layer.forward(node.layer.prepare(own, ctx), value, ctx)
            if not np.isfinite(value).all():
                return node
        return None
