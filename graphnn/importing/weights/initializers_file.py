"""ONNX files as modules: the weights of each operation, and which operations its input comes from."""

from collections.abc import Mapping
from itertools import chain, count
from pathlib import Path
from typing import Any

import numpy as np

from graphnn.importing.onnx.file import read_initializers
from graphnn.importing.weights.foreign_file import ForeignFile
from graphnn.importing.weights.modules import BIAS, MEAN, VARIANCE, WEIGHT, Module, split
from graphnn.importing.weights.number_types import converted
from graphnn.types import Array

INPUTS: Mapping[str, tuple[str, ...]] = {  # of operations with weights, from the second on
    "Conv": (WEIGHT, BIAS),
    "Gemm": (WEIGHT, BIAS),
    "MatMul": (WEIGHT,),
    "BatchNormalization": (WEIGHT, BIAS, MEAN, VARIANCE),
    "LayerNormalization": (WEIGHT, BIAS),
    "PRelu": (WEIGHT,),
}
PASSING = ("Reshape", "Flatten", "Identity", "Dropout", "Relu", "Cast", "Squeeze", "Unsqueeze")
TO_CHANNELS_LAST = [0, 2, 3, 1]


def read_onnx_weights(path: Path) -> ForeignFile:
    """Read the weights of an ONNX file. Raises GraphError where the package onnx is missing, and WeightsError."""
    file = read_initializers(path)
    graph = Weights(file.model.graph, file.arrays, path)
    used = {name for module in graph.modules for name in module.sources.values()}
    others = tuple(name for name, array in file.arrays.items() if name not in used and array.dtype.kind == "f")
    before = {module.name: frozenset(graph.before[module.name]) for module in graph.modules}
    own = any(entry.key == "graphnn.version" for entry in file.model.metadata_props)
    return ForeignFile(path, "ONNX", tuple(graph.modules), others, before=before, epsilon=None, own=own)


class Weights:
    """The modules of an `onnx.GraphProto`, in the order of its nodes, and by name those that come before each."""

    def __init__(self, graph: Any, arrays: Mapping[str, Array], path: Path) -> None:
        self.path = path
        self.arrays = dict(arrays)
        self.modules: list[Module] = []
        self.before: dict[str, set[str]] = {}
        self._producer = {name: node for node in graph.node for name in node.output}
        self._upstream: dict[str, set[str]] = {}
        self._matrix: dict[str, int] = {}  # modules of MatMul without a bias so far, by their output
        for node in graph.node:
            self._take(node)

    def _take(self, node: Any) -> None:
        above = set().union(*(self._upstream.get(name, set()) for name in node.input))
        if node.op_type == "Identity" and node.input[0] in self.arrays:
            self.arrays[node.output[0]] = self.arrays[node.input[0]]
        self._constants(node)
        name = None
        if node.op_type == "Add":
            self._add_bias(node)
        elif node.op_type in INPUTS and len(node.input) > 1 and node.input[1] in self.arrays:
            name = self._module(node)
            self.before[name] = above
        for output in node.output:
            self._upstream[output] = above | ({name} if name is not None else set())

    def _constants(self, node: Any) -> None:
        """Weights may be constants or transposed initializers, too."""
        from onnx import numpy_helper

        if node.op_type == "Constant" and node.attribute and node.attribute[0].name == "value":
            self.arrays[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
        elif node.op_type == "Transpose" and node.input[0] in self.arrays:
            order = attribute(node, "perm", None)
            self.arrays[node.output[0]] = np.transpose(self.arrays[node.input[0]], order)

    def _module(self, node: Any) -> str:
        parts, sources = {}, {}
        for part, name in zip(INPUTS[node.op_type], node.input[1:], strict=False):
            if name and name in self.arrays:
                array = converted(self.arrays[name], name, self.path)
                assert array is not None
                parts[part], sources[part] = array, name
        if node.op_type == "MatMul" or (node.op_type == "Gemm" and not attribute(node, "transB", 0)):
            parts[WEIGHT] = parts[WEIGHT].T
        if node.op_type == "PRelu":
            parts[WEIGHT] = parts[WEIGHT].reshape(-1)
        if node.op_type == "Gemm" and BIAS in parts:
            parts[BIAS] = np.broadcast_to(parts[BIAS].reshape(-1), parts[WEIGHT].shape[:1])
        if node.op_type == "Gemm":
            factors = {WEIGHT: attribute(node, "alpha", 1.0), BIAS: attribute(node, "beta", 1.0)}
            parts |= {part: each * np.float32(factors[part]) for part, each in parts.items() if factors[part] != 1}
        name = self._name(node, sources[WEIGHT])
        if node.op_type == "MatMul":
            self._matrix[node.output[0]] = len(self.modules)
        epsilon = (
            attribute(node, "epsilon", 1e-5) if node.op_type in ("BatchNormalization", "LayerNormalization") else None
        )
        last = node.op_type in ("Gemm", "MatMul") and self._from_channels_last(node.input[0])
        self.modules.append(Module(name, parts, sources, channels_last=last, epsilon=epsilon))
        return name

    def _name(self, node: Any, source: str) -> str:
        """Return the name of a module, none of another: that of its weights, or of its node where that says nothing."""
        module, last = split(source)
        name = module if module and last == WEIGHT else node.name.strip("/").replace("/", ".") or source
        taken = {each.name for each in self.modules}
        numbered = (f"{name}#{number}" for number in count(2))
        return next(each for each in chain((name, source), numbered) if each not in taken)

    def _add_bias(self, node: Any) -> None:
        """Give a bias that is added to a product to the module of that."""
        for product, name in (node.input, reversed(node.input)):
            place = self._matrix.pop(product, None) if name in self.arrays else None
            if place is None:
                continue
            module = self.modules[place]
            bias = converted(self.arrays[name], name, self.path)
            if bias is not None and bias.size == module.arrays[WEIGHT].shape[0]:
                parts = {**module.arrays, BIAS: bias.reshape(-1)}
                sources = {**module.sources, BIAS: name}
                self.modules[place] = Module(module.name, parts, sources, channels_last=module.channels_last)
            return

    def _from_channels_last(self, name: str) -> bool:
        """Return whether a vector is made of an image whose channels were moved to the end."""
        while (node := self._producer.get(name)) is not None:
            if node.op_type == "Transpose":
                return bool(attribute(node, "perm", None) == TO_CHANNELS_LAST)
            if node.op_type not in PASSING:
                return False
            name = node.input[0]
        return False


def attribute(node: Any, name: str, default: Any) -> Any:
    """Return an attribute of an `onnx.NodeProto`, or the default where it has none of this name."""
    from onnx import helper

    return next((helper.get_attribute_value(each) for each in node.attribute if each.name == name), default)
