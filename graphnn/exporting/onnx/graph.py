"""The graph of an ONNX file while it is written: nodes, constants and the names of values."""

from typing import Any

import numpy as np

from graphnn.types import Array

INPUT, OUTPUT = "input", "output"  # of the graph; no value of a layer can be called so, because theirs end in /y
TYPE = "graphnn.type"  # in the metadata of a node: the type of its layer


class OnnxGraph:
    """Collects the nodes of a graph in order.

    A node named NAME gives the value NAME/y; names of layers have no slash, so that nodes beside theirs (NAME/sigmoid)
    and constants (NAME/weights) collide with nothing. The value of the last node is the graph's output.
    """

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, name: str, values: Array) -> str:
        """Add a constant, in its dtype, and return its name."""
        from onnx.numpy_helper import from_array

        self.constants.append(from_array(np.asarray(values, order="C"), name))
        return name

    def node(self, op: str, name: str, *inputs: str, kind: str = "", about: str | None = None, **settings: Any) -> str:
        """Add a node, and return the name of its value. kind: the type of its layer. settings: its attributes."""
        from onnx.helper import make_node

        made = make_node(op, inputs, [f"{name}/y"], name, about, **settings)
        if kind:
            made.metadata_props.add(key=TYPE, value=kind)
        self.nodes.append(made)
        return f"{name}/y"

    def end(self) -> None:
        """Make the value of the last node the output of the graph."""
        self.nodes[-1].output[0] = OUTPUT
