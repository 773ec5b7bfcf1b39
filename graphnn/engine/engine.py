"""Runs a graph over batches on all cores, with results that no number of threads changes."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from graphnn.engine.lanes import trained_size
from graphnn.engine.plan import LANES, fuses, piece_size, training_plan
from graphnn.engine.stage import Shared, StageRun, located
from graphnn.engine.workers import Workers, available_cores
from graphnn.engine.workspace import Clock, StepContext, TestingContext, Workspace
from graphnn.graph import Graph, Node
from graphnn.layers.base import Arrays, Layer
from graphnn.layers.context import Context
from graphnn.parameters import Parameters
from graphnn.types import Array

# as in the threads: what is not finite is found and reported by itself, also where the pieces' sums are combined
quietly = np.errstate(all="ignore")


class Engine:
    """Trains and runs one graph with one set of parameters. Use it as a context manager, or call `close`.

    batch_size: the most samples of a training step. threads: by default one for each core of this process. While it
    is open, BLAS is held to one thread, because the engine's own threads run several products at once.
    """

    def __init__(
        self, graph: Graph, parameters: Parameters, *, batch_size: int, threads: int | None = None, seed: int = 0
    ) -> None:
        self.graph, self.parameters = graph, parameters
        self.plan = training_plan(graph, batch_size)
        self._batch_size = batch_size
        self._clock = Clock(seed)
        self._workspace = Workspace(batch_size)
        self._workers = Workers(threads or available_cores())
        self._prepared: dict[int, Arrays] = {node.index: parameters.values[node.name] for node in graph.nodes}
        self._preparing = [node for node in graph.nodes if type(node.layer).prepare is not Layer.prepare]
        self._stages: dict[int, list[StageRun]] = {}  # by number of samples: a full batch and the last one
        self._shared: Shared | None = None
        self._step_contexts = [
            StepContext(self._workspace, node, training=True, needs_dx=self.plan.needs_dx(node)) for node in graph.nodes
        ]
        self._testing_step_contexts = [
            StepContext(self._workspace, node, training=False, needs_dx=False) for node in graph.nodes
        ]
        self._testing_contexts = [TestingContext(self._workspace, node) for node in graph.nodes]
        self._blas = threadpool_limits(1, "blas")

    def __enter__(self) -> "Engine":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the threads and give BLAS its own back."""
        self._workers.close()
        self._blas.restore_original_limits()

    @quietly
    def train_step(self, x: Array, y: Array, *, epoch: int, step: int) -> Array:
        """Run forward, loss and backward; fill `parameters.gradient` and return the loss's partial sums, added up.

        x: n×(input shape), y: n targets, with 1 ≤ n ≤ batch_size. The gradient is that of the mean loss over n.
        """
        self._clock.epoch, self._clock.step = epoch, step
        self._clock.ticks += 1
        self._prepare()
        stages = self._stages.get(len(x)) or self._make_stages(len(x))
        for number, stage in enumerate(stages[:-1]):
            stage.forward(stages[number - 1].y if number else x)
        sums = stages[-1].forward_and_back(stages[-2].y if len(stages) > 1 else x, y, self.graph.loss)
        for stage in reversed(stages[:-1]):
            stage.backward()
        return sums

    def _prepare(self) -> None:
        """Let every layer compute what the pieces of this step share."""

        def prepare(number: int) -> None:
            node = self._preparing[number]
            with located(node):
                own = self.parameters.values[node.name]
                self._prepared[node.index] = node.layer.prepare(own, self._step_contexts[node.index])

        self._workers.run(prepare, len(self._preparing))

    def _make_stages(self, n: int) -> list[StageRun]:
        """Return the stages made ready for batches of n samples."""
        stages = self.plan.stages
        if self._shared is None:
            dtype = self.parameters.dtype
            lanes = max(min(LANES, len(stage.cut(self._batch_size))) for stage in stages)
            memory = [np.zeros(max(trained_size(stage.nodes) for stage in stages), dtype) for _ in range(lanes - 1)]
            at_barriers = [math.prod(stage.exit.output_shape) for stage in stages if stage.exit is not None]
            for parity in (0, 1):
                self._workspace.reserve(f"dy {parity}", self._batch_size * max(at_barriers, default=0), dtype)
            self._shared = Shared(
                self.plan, self.parameters, self._workspace, self._workers, self._clock, memory, self._prepared
            )
        runs: list[StageRun] = []
        for number, stage in enumerate(stages):
            runs.append(StageRun(self._shared, stage, number, n, runs[-1] if runs else None))
        self._stages[n] = runs
        return runs

    def predict(self, x: Array) -> Array:
        """Return the outputs for any number of samples, with the layers in testing."""
        y = np.empty((len(x), *self.graph.output_shape), x.dtype)

        def keep(piece: slice, value: Array) -> None:
            y[piece] = value

        self._test(x, self.graph.nodes, keep)
        return y

    def evaluate(self, x: Array, y: Array) -> Array:
        """Return the loss's partial sums over any number of samples, with the layers in testing."""
        loss, logits = self.graph.loss, fuses(self.graph)
        nodes = self.graph.nodes[:-1] if logits else self.graph.nodes

        def measure(piece: slice, value: Array) -> Array:
            return loss.piece(y[piece], value, len(x), logits=logits, dy=None)

        return np.asarray(np.sum(self._test(x, nodes, measure), axis=0))

    @quietly
    def _test(self, x: Array, nodes: tuple[Node, ...], use: Callable[[slice, Array], Any]) -> list[Any]:
        """Run pieces of x through the nodes in testing, and return what `use` makes of each result."""
        contexts = self._testing_contexts
        prepared: list[Arrays] = []
        for node in nodes:
            with located(node):
                own = self.parameters.values[node.name]
                prepared.append(node.layer.prepare(own, self._testing_step_contexts[node.index]))
        size = piece_size(nodes, self._batch_size)
        pieces = [slice(start, min(start + size, len(x))) for start in range(0, len(x), size)]

        def run(number: int) -> Any:
            value = x[pieces[number]]
            for node, params in zip(nodes, prepared, strict=True):
                with located(node):
                    value, _ = node.layer.forward(params, value, contexts[node.index])
            return use(pieces[number], value)

        return self._workers.run(run, len(pieces))

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
