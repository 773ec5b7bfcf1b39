"""How the time of a training step is shared by the layers, measured while the page is made."""

import math
from collections.abc import Mapping

from graphnn.benchmark.nodes import node_times
from graphnn.benchmark.task import OURS, Task
from graphnn.benchmark.timing import Effort
from graphnn.describe.describe import training_bytes
from graphnn.describe.limits import refuse_too_large
from graphnn.engine.fusion import fuse
from graphnn.engine.plan import kernels_for
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.batch_sizes import greatest_need
from graphnn.page.subject import Subject

BUDGET = Effort(rounds=1, seconds=0.4, warm_up=0)
WORK = 6 * 10**8  # multiply-adds of forward in a measured step, at least one sample: some tens of milliseconds


@frozen_dataclass
class LayerTimes:
    """The shares of one training step on one thread, that sum to 1.

    nodes: by name of the node. together: with which node, or with "the loss", others are computed, by their names.
    others: of the loss, the update and the engine. step: seconds, for a batch of `batch_size`.
    """

    nodes: Mapping[str, float]
    together: Mapping[str, str]
    others: Mapping[str, float]
    step: float
    batch_size: int


def layer_times(subject: Subject, plugins: list[str], kernels: str | None) -> LayerTimes:
    """Return the time of each node in training steps on random samples, in about half a second.

    Raises GraphError where too little memory is left.
    """
    spec, graph = subject.spec, subject.graph
    size = measured_batch(subject)
    needed = training_bytes(spec, graph, size, kernels)
    refuse_too_large(needed, f"{subject.file}: timing its layers takes", "end other programs")
    times = node_times(Task(spec.resolved(), plugins, OURS, 1, size, kernels), BUDGET, peak=math.nan)
    fused = fuse(graph.nodes, kernels_for(graph, kernels), training=True)
    with_loss = {node.name: "the loss" for node in fused[len(times.nodes) :]}
    others = {"loss": times.loss, "update of the parameters": times.update, "rest of the engine": max(0.0, times.rest)}
    # Of the parts themselves: on a busy machine the median of whole steps is more than the sum of their medians.
    whole = sum(one.forward + one.backward for one in times.nodes) + sum(others.values()) or math.inf
    return LayerTimes(
        nodes={node.name: (one.forward + one.backward) / whole for node, one in zip(fused, times.nodes, strict=False)},
        together=with_loss | {each.name: node.name for node in fused for each in node.fused},
        others={name: seconds / whole for name, seconds in others.items()},
        step=times.step,
        batch_size=size,
    )


def measured_batch(subject: Subject) -> int:
    """Return a batch size for which a step is short: at most that of the document, and what batch statistics need."""
    work = sum(node.multiply_adds for node in subject.graph.nodes)
    most: int = subject.spec.training["batch_size"]
    need = greatest_need(subject.graph)
    least = 1 if need is None else need.least
    return max(least, min(most, WORK // max(1, work)))
