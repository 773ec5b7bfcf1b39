"""The time of each node in a training step: the calls of its layer, timed while the engine runs on one thread."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from graphnn.benchmark.engine_side import EngineSide
from graphnn.benchmark.task import Task, first_parameters
from graphnn.benchmark.timing import Effort, gemm_peak
from graphnn.engine.fusion import fuse
from graphnn.engine.plan import kernels_for
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.graph import Graph
from graphnn.optimizers.sections import groups_from, optimizer_from

FORWARD, BACKWARD = "forward", "backward"
BATCHWISE = {
    "partial_sums": FORWARD,
    "combine": FORWARD,
    "apply": FORWARD,
    "backward_partial_sums": BACKWARD,
    "backward_combine": BACKWARD,
    "backward_apply": BACKWARD,
}
Key = tuple[str, str]  # node, direction
LOSS, UPDATE, STEP = ("", "loss"), ("", "update"), ("", "step")


class Stopwatch(dict[Key, float]):
    """Seconds by key."""

    def add(self, key: Key, since: float) -> None:
        """Add the seconds since a time of `time.perf_counter`."""
        self[key] = self.get(key, 0.0) + time.perf_counter() - since


@frozen_dataclass
class NodeTime:
    """One node in a training step: seconds, and the multiply-adds of its formula, for a whole batch."""

    name: str
    type: str
    forward: float
    backward: float
    forward_work: int
    backward_work: int


@frozen_dataclass
class NodeTimes:
    """A training step on one thread, node by node: seconds.

    rest: of the engine's other work. peak: of GEMM in this run, in multiply-adds a second.
    """

    nodes: tuple[NodeTime, ...]
    loss: float
    update: float
    rest: float
    step: float
    peak: float


def node_times(task: Task, effort: Effort, *, peak: float | None = None) -> NodeTimes:
    """Return the medians over the steps of one engine on one thread. peak: of GEMM; None: it is measured, too."""
    spec, graph = task.read()
    clock = Stopwatch()
    optimizer, groups = optimizer_from(spec.optimizer), groups_from(spec.optimizer)
    parameters = first_parameters(graph, spec.training["seed"], task.batch_size)
    kernels = kernels_for(graph, task.kernels)
    fused = replace(graph, nodes=fuse(graph.nodes, kernels, training=True))  # as the engine runs them
    side = EngineSide(
        timed_graph(fused, clock),
        parameters,
        optimizer,
        groups,
        threads=1,
        batch_size=task.batch_size,
        kernels=kernels,
    )
    steps: list[dict[Key, float]] = []
    try:
        begun = time.perf_counter()
        while len(steps) < 2 or time.perf_counter() - begun < effort.rounds * effort.seconds:
            clock.clear()
            start = time.perf_counter()
            side.forward_backward()
            updating = time.perf_counter()
            side.update()
            end = time.perf_counter()
            steps.append({**clock, UPDATE: end - updating, STEP: end - start})
        plan = side.engine.plan
    finally:
        side.close()

    def median(*keys: Key) -> float:
        return float(np.median([sum(step.get(key, 0.0) for key in keys) for step in steps[1:]]))

    n = task.batch_size
    found, types = [], {node.name: node.layer.type for node in graph.nodes}
    for node in fused.nodes[: len(fused.nodes) - plan.logits]:
        work = n * node.multiply_adds
        trained = any(len(each.shape) > 1 and each.name in plan.trained_of(node) for each in node.parameters)
        back = work * (trained + plan.needs_dx(node))
        times = median((node.name, FORWARD)), median((node.name, BACKWARD))
        kinds = " + ".join(types[each.name] for each in (node, *node.fused))
        found.append(NodeTime(node.label, kinds, *times, work, back))
    calls = [(node.name, direction) for node in fused.nodes for direction in (FORWARD, BACKWARD)]
    step, loss, update = median(STEP), median(LOSS), median(UPDATE)
    rest = step - median(*calls, LOSS, UPDATE)
    return NodeTimes(tuple(found), loss, update, rest, step, gemm_peak(effort.seconds) if peak is None else peak)


def timed_graph(graph: Graph, clock: Stopwatch) -> Graph:
    """Return the graph, whose layers and loss add the times of their calls to the clock."""
    nodes = []
    for node in graph.nodes:
        if node.layer.batchwise:
            methods = {name: timed_method(node.layer, name, clock, (node.name, way)) for name, way in BATCHWISE.items()}
        else:
            methods = {"forward": timed_forward(node.layer, clock, node.name)}
        nodes.append(replace(node, layer=with_methods(node.layer, methods)))
    loss = with_methods(graph.loss, {"piece": timed_method(graph.loss, "piece", clock, LOSS)})
    return replace(graph, nodes=tuple(nodes), loss=loss)


def with_methods(original: Any, methods: dict[str, Any]) -> Any:
    """Return a copy of an object with some methods replaced, of a type derived from its type, with the same name."""
    kind = type(original)
    copy: Any = object.__new__(type(kind.__name__, (kind,), {"__module__": kind.__module__, **methods}))
    copy.__dict__.update(original.__dict__)
    return copy


def timed_method(original: Any, name: str, clock: Stopwatch, key: Key) -> Callable[..., Any]:
    """Return a method that calls the original's and adds the time of the call to the clock."""
    method = getattr(type(original), name)

    def call(self: Any, *arguments: Any, **named: Any) -> Any:
        start = time.perf_counter()
        try:
            return method(self, *arguments, **named)
        finally:
            clock.add(key, start)

    return call


def timed_forward(original: Any, clock: Stopwatch, name: str) -> Callable[..., Any]:
    """Return a forward that adds its time, and that of the backward that it returns, to the clock."""
    method = type(original).forward

    def forward(self: Any, params: Any, x: Any, ctx: Any) -> Any:
        start = time.perf_counter()
        y, backward = method(self, params, x, ctx)
        clock.add((name, FORWARD), start)

        def timed_backward(dy: Any) -> Any:
            start = time.perf_counter()
            result = backward(dy)
            clock.add((name, BACKWARD), start)
            return result

        return y, timed_backward

    return forward
