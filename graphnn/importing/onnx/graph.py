"""The operations of an ONNX graph in order, with their attributes, and its one input and one output."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from graphnn.errors import GraphError, Problem
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.importing.onnx.file import OnnxFile, tensor_array
from graphnn.importing.reading import first_line
from graphnn.text.suggestions import quoted
from graphnn.types import Array, shape_text

STANDARD = ("", "ai.onnx")  # the names of the domain of ONNX' own operators
TYPE = "graphnn.type"  # in the metadata of a node
SHOWN = 8  # names of nodes with the same fault
OLDEST = 7  # the version of the operators from which on broadcasting is that of numpy


@frozen_dataclass
class Operation:
    """A node of the graph.

    name: as in the file; of a node without one, that of its first output. inputs: names of tensors, "" for one that is
    left out. attributes: by name; tensors as arrays, graphs as they are. opset: the version of its operators. named:
    whether the node has a name in the file. layer: the type of the layer that graphnn wrote as this node alone.
    """

    name: str
    type: str
    domain: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]
    opset: int
    named: bool = True
    layer: str = ""

    @property
    def where(self) -> str:
        """The node in messages: node "conv1" (Conv)."""
        return f"node {quoted(self.name, 80)} ({self.type})"

    def given(self, index: int) -> str:
        """Return the name of an input, "" where it is left out."""
        return self.inputs[index] if index < len(self.inputs) else ""


@frozen_dataclass
class GraphEnd:
    """The input or the output of a graph. shape: with the batch first, None for a size that is not fixed."""

    name: str
    shape: tuple[int | None, ...] | None
    type: str


@frozen_dataclass
class ReadGraph:
    """What a file describes. operations: those that the output depends on, in an order in which they can be computed.

    arrays: the constants by name. uses: how often each tensor is read. metadata: what the file says of itself, by key.
    """

    file: OnnxFile
    operations: tuple[Operation, ...]
    input: GraphEnd
    output: GraphEnd
    arrays: Mapping[str, Array]
    uses: Mapping[str, int]
    metadata: Mapping[str, str]

    def problems(self, faults: Sequence[tuple[Operation, str]]) -> list[Problem]:
        """Return the problems with some nodes; those of one type with the same fault are one problem."""
        alike: dict[tuple[str, str], list[Operation]] = {}
        for operation, message in faults:
            alike.setdefault((operation.type, message), []).append(operation)
        return [Problem(message, places(each), str(self.file.path)) for (_, message), each in alike.items()]

    def problem(self, operation: Operation, message: str) -> Problem:
        """Return a problem with a node."""
        return Problem(message, operation.where, str(self.file.path))


def places(operations: Sequence[Operation]) -> str:
    """Return nodes of one type in messages: nodes "relu1", "relu2" and 3 more (Clip)."""
    if len(operations) == 1:
        return operations[0].where
    names = ", ".join(quoted(each.name, 80) for each in operations[:SHOWN])
    more = len(operations) - SHOWN
    return f"nodes {names}{f' and {more} more' if more > 0 else ''} ({operations[0].type})"


def graph_of(file: OnnxFile) -> ReadGraph:
    """Return the graph of a file. Raises GraphError with what is wrong with its inputs, outputs and versions."""
    model = inlined(file)
    graph = model.graph
    versions = {entry.domain: entry.version for entry in model.opset_import}
    opset = max((versions[domain] for domain in STANDARD if domain in versions), default=0)
    inputs = [stream(each) for each in graph.input if each.name not in file.arrays]
    outputs = [stream(each) for each in graph.output]
    problems = list(end_problems(inputs, outputs, opset))
    if problems:
        raise GraphError(*(Problem(problem, file=str(file.path)) for problem in problems))
    every = [operation_of(node, versions, file) for node in graph.node]
    kept = leading_to(outputs[0].name, every)
    uses = Counter(name for each in kept for name in each.inputs)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    return ReadGraph(file, tuple(kept), inputs[0], outputs[0], file.arrays, uses, metadata)


def inlined(file: OnnxFile) -> Any:
    """Return the model of a file with its own functions replaced by what they stand for. Raises GraphError."""
    if not file.model.functions:
        return file.model
    import onnx.inliner

    try:
        return onnx.inliner.inline_local_functions(file.model)
    except Exception as problem:  # RuntimeError or ValueError of its C++ part
        raise GraphError(f"{file.path}: its functions cannot be written out: {first_line(problem)}") from problem


def end_problems(inputs: list[GraphEnd], outputs: list[GraphEnd], opset: int) -> Iterator[str]:
    """Yield why a graph with these inputs and outputs is no network of layers in sequence."""
    import onnx

    newest = onnx.defs.onnx_opset_version()
    if opset < OLDEST:
        yield f"its operators are of version {opset}; {OLDEST} and newer are read: export it with a newer opset_version"
    elif opset > newest:
        yield f"its operators are of version {opset}, and the onnx package here knows {newest}; a newer onnx reads it"
    for streams, kind in ((inputs, "input"), (outputs, "output")):
        if len(streams) != 1:
            names = ", ".join(quoted(each.name) for each in streams[:8]) or "none"
            yield f"a document has one {kind}, but the graph has {len(streams)}: {names}; export it with one alone"
    for each in inputs:
        if each.type not in ("FLOAT", "FLOAT16", "DOUBLE", "UINT8", "BFLOAT16"):
            yield f"its input {quoted(each.name)} is of {each.type.lower()}; a network here takes numbers, as float32"


def stream(value: Any) -> GraphEnd:
    """Return an input or an output of a graph, from its `onnx.ValueInfoProto`."""
    from onnx import TensorProto

    kind = value.type.tensor_type
    shape = None
    if kind.HasField("shape"):
        shape = tuple(size.dim_value if size.HasField("dim_value") else None for size in kind.shape.dim)
    return GraphEnd(value.name, shape, TensorProto.DataType.Name(kind.elem_type))


def operation_of(node: Any, versions: Mapping[str, int], file: OnnxFile) -> Operation:
    """Return an operation from its `onnx.NodeProto`."""
    name = node.name or next(iter(node.output), "")
    attributes = {each.name: attribute_value(each, file) for each in node.attribute}
    domain = "" if node.domain in STANDARD else node.domain
    version = versions.get(node.domain, max((versions.get(each, 0) for each in STANDARD), default=0))
    inputs, outputs = tuple(node.input), tuple(node.output)
    layer = next((each.value for each in node.metadata_props if each.key == TYPE), "")
    return Operation(name, node.op_type, domain, inputs, outputs, attributes, version, bool(node.name), layer)


def attribute_value(attribute: Any, file: OnnxFile) -> Any:
    """Return the value of an `onnx.AttributeProto`: numbers, texts, arrays, or lists of them."""
    from onnx import AttributeProto, helper

    if attribute.type == AttributeProto.TENSOR:
        return tensor_array(attribute.t, file.path)
    value = helper.get_attribute_value(attribute)
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return tuple(value) if attribute.type in (AttributeProto.INTS, AttributeProto.FLOATS) else value


def leading_to(output: str, operations: list[Operation]) -> list[Operation]:
    """Return the operations that a tensor depends on, in their order."""
    wanted, kept = {output}, list[Operation]()
    for each in reversed(operations):
        if wanted & set(each.outputs):
            kept.append(each)
            wanted |= set(each.inputs)
    return kept[::-1]


def size_text(shape: tuple[int | None, ...]) -> str:
    """Return a shape in words, "?" for a size that is not fixed."""
    return "×".join("?" if size is None else shape_text((size,)) for size in shape)
