"""The nodes of a graph as nested branches: a residual block as its body and its shortcut."""

from collections.abc import Iterable, Iterator

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.graph import Graph, Node
from graphnn.layers.bypass import Add, Save, Swap
from graphnn.types import Shape


@frozen_dataclass
class Branches:
    """A residual block: y = body(x) + shortcut(x); a shortcut without steps is the identity."""

    name: str
    body: tuple["Step", ...]
    shortcut: tuple["Step", ...]
    input_shape: Shape
    output_shape: Shape


Step = Node | Branches


def steps_of(graph: Graph) -> tuple[Step, ...]:
    """Return the steps of a network in order; what is inside a block stands in the block."""
    steps, end = read_branch(iter(graph.nodes))
    assert end is None, "a block's end without its start"
    return steps


def read_branch(nodes: Iterator[Node]) -> tuple[tuple[Step, ...], Node | None]:
    """Return the steps up to the end of a branch, and the node there; None at the end of all nodes."""
    steps: list[Step] = []
    for node in nodes:
        if isinstance(node.layer, Swap | Add):
            return tuple(steps), node
        if not isinstance(node.layer, Save):
            steps.append(node)
            continue
        body, end = read_branch(nodes)
        swapped = end is not None and isinstance(end.layer, Swap)
        shortcut, end = read_branch(nodes) if swapped else ((), end)
        assert end is not None, "a block without its end"
        steps.append(Branches(node.layer.block, body, shortcut, node.input_shape, end.output_shape))
    return tuple(steps), None


def layer_nodes(steps: Iterable[Step]) -> Iterator[Node]:
    """Yield the nodes with layers of the document, in the order in which they are computed."""
    for step in steps:
        if isinstance(step, Branches):
            yield from layer_nodes(step.body)
            yield from layer_nodes(step.shortcut)
        else:
            yield step
