"""A note on running statistics that a training is to keep, although nothing has computed them yet."""

from collections.abc import Mapping

from graphnn.errors import Problem
from graphnn.graph.graph import Graph
from graphnn.layers.trainable import TrainableLayer
from graphnn.parameters.parameters import Parameters
from graphnn.specification.spec import Spec
from graphnn.types import Array


def first_statistics_note(spec: Spec, graph: Graph, parameters: Parameters) -> Problem | None:
    """Return a note where layers with fixed statistics have the first ones, 0 and 1, before the first step."""
    nodes = [
        node
        for node in graph.nodes
        if isinstance(node.layer, TrainableLayer)
        and node.layer.fixed_statistics
        and first(parameters.values[node.name])
    ]
    if not nodes:
        return None
    count = len(nodes) - 1
    here = "the running statistics" + (f" here and of {count} other layer{'s' * (count > 1)}" if count else "")
    message = (
        f"{here} stay the 0 and 1 that they start from, so that nothing is normalised; this is for weights from "
        "--init-from; write true to train from the start"
    )
    return spec.problem((*nodes[0].path, "trainable"), message).without_source()


def first(values: Mapping[str, Array]) -> bool:
    """Whether statistics are those that a layer starts with."""
    return not values["running_mean"].any() and bool((values["running_variance"] == 1).all())
