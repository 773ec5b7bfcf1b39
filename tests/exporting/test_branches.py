"""Tests of the nodes as nested branches: in order, nested, with and without layers in the shortcut."""

from graphnn import Conv2D, CrossEntropy, Flatten, ReLU, Residual
from graphnn.exporting.branches import Branches, layer_nodes, steps_of
from graphnn.graph.graph import Node, chain


def names(steps: object) -> object:
    """Return the names of steps, blocks as (name, body, shortcut)."""
    if isinstance(steps, Node):
        return steps.name
    if isinstance(steps, Branches):
        return (steps.name, names(steps.body), names(steps.shortcut))
    return [names(step) for step in steps]  # type: ignore[attr-defined]


def test_blocks_in_blocks_keep_their_order() -> None:
    inner = Residual((Conv2D(4, 3, name="c"),), name="inner")
    outer = Residual((Conv2D(4, 3, name="b"), inner), (Conv2D(4, 1, name="s"),), name="outer")
    layers = [("a", ReLU()), ("outer", outer), ("end", Flatten())]
    steps = steps_of(chain(layers, (3, 8, 8), CrossEntropy()))
    found = names(steps)
    assert found == ["a", ("outer", ["b", ("inner", ["c"], [])], ["s"]), "end"]
    block = steps[1]
    assert isinstance(block, Branches)
    assert (block.input_shape, block.output_shape) == ((3, 8, 8), (4, 8, 8))
    assert [node.name for node in layer_nodes(steps)] == ["a", "b", "c", "s", "end"]
