"""The names of classes that come with an import, or that its user gives."""

from collections.abc import Sequence
from pathlib import Path

from graphnn.errors import GraphError
from graphnn.graph.graph import Graph
from graphnn.metrics.outputs import Classes, YesOrNo


def checked_classes(classes: Sequence[str] | None, network: Graph, path: Path, *, advice: str) -> Sequence[str] | None:
    """Return the names of classes. Raises GraphError where they are not as many as the network tells apart.

    path: of the imported file. advice: what to do where the network gives numbers.
    """
    if classes is None:
        return None
    outputs, meaning = network.output_shape[0], network.loss.outputs
    if meaning not in (Classes, YesOrNo):
        last = network.nodes[-1].layer.type
        raise GraphError(f"{path}: has classes, but its last layer is {last}, which gives numbers; {advice}")
    wanted = max(outputs, 2) if meaning is YesOrNo else outputs
    if len(classes) != wanted or len(set(classes)) < wanted:
        raise GraphError(f"{path}: tells {wanted} classes apart; name as many, each once, rather than {len(classes)}")
    return classes
