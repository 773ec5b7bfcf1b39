"""A chain of nodes in inference, bound to the memory of a thread, so that shapes and memory are looked at once."""

from collections.abc import Sequence
from functools import partial

from graphnn.engine.preparation import PreparedNode
from graphnn.engine.stage import located
from graphnn.engine.workspace import InferenceContext, Workspace
from graphnn.layers.base import Layer, Step
from graphnn.types import Array

COPIED = 2**16  # bytes; binding the first node to a larger input anew takes less than copying the input


class BoundChain:
    """Nodes bound to the memory of this thread, for pieces of one size.

    x: memory for the input of a piece, count×(input shape). Of 47 µs for one sample with models/mnist.json, finding
    memory and views of it anew in every layer took 20.
    """

    def __init__(self, nodes: Sequence[PreparedNode], workspace: Workspace, x: Array) -> None:
        self.x = x
        self._nodes, self._workspace = nodes, workspace
        self._steps: list[Step] = []

    def run(self, given: Array) -> Array:
        """Return the output for a piece. Raises GraphError with the node's name where a layer fails."""
        value = given
        if given is not self.x and given.nbytes <= COPIED:
            self.x[...] = given
            value = self.x
        if not self._steps:
            return self._bind(value)
        done = 0
        try:
            for step in self._steps:
                value = step(value)
                done += 1
        except Exception:
            with located(self._nodes[done].node):
                raise
        return value

    def _bind(self, value: Array) -> Array:
        """Bind each node to the output of the one before, for a first piece; return its output."""
        steps: list[Step] = []
        for each in self._nodes:
            with located(each.node):
                ctx = InferenceContext(self._workspace, each.node, each.prepared)
                layer = each.node.layer
                bind = layer.bind if binds(layer) else partial(Layer.bind, layer)
                steps.append(bind(each.params, value, ctx))
                value = steps[-1](value)
        self._steps = steps
        return value


def binds(layer: Layer) -> bool:
    """Whether a layer's `bind` is of the class that computes its output, or of one derived from that."""
    computing = {"forward", "infer", "apply", "value"}
    for kind in type(layer).__mro__:
        if "bind" in kind.__dict__:
            return True
        if computing & kind.__dict__.keys():
            return False
    return False
