"""The walk through an ONNX graph: each operation becomes steps, or a fault that is reported with all others."""

import importlib
from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np

from graphnn.errors import GraphError, Problem
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.importing.onnx.constants import NotFolded, constant_of, folded
from graphnn.importing.onnx.graph import Operation, ReadGraph
from graphnn.importing.onnx.refusals import is_fault_anywhere, nearest
from graphnn.importing.onnx.steps import GraphStep, Input, Tensor, Unread
from graphnn.importing.reading import first_line
from graphnn.types import Array, Shape, shape_text

BATCH = 1_000_003  # stands for the number of samples where a graph leaves it open; no size in a network is this prime
# What translators and numpy say of settings that the checker of ONNX has let pass.
MISFITS = (ArithmeticError, AttributeError, IndexError, KeyError, TypeError, ValueError)
FAMILIES = ("activations", "arithmetic", "convolutions", "dense", "normalization_layers", "poolings", "shapes")


class Refused(Exception):
    """Why an operation cannot be said in a document, in words that follow its name."""


Translator = Callable[[Operation, "Translation"], Tensor]
TRANSLATORS: dict[str, Translator] = {}
T = TypeVar("T", bound=Translator)


def translates(*types: str) -> Callable[[T], T]:
    """Register a function as that which translates operations of these types."""

    def register(translator: T) -> T:
        TRANSLATORS.update(dict.fromkeys(types, translator))
        return translator

    return register


def load_translators() -> Mapping[str, Translator]:
    """Return all translators by the type of their operations."""
    for family in FAMILIES:
        importlib.import_module(f"graphnn.importing.onnx.{family}")
    return TRANSLATORS


@frozen_dataclass
class Translated:
    """A graph as steps. output: what it gives. notes: what its user should know."""

    input: Input
    output: Tensor
    notes: tuple[str, ...]


class Translation:
    """What is known of each tensor during the walk: a constant, or a result of steps.

    shapes: of tensors, without the batch, as far as ONNX infers them: they let the walk go on behind a fault.
    batch: the number of samples in shapes.
    """

    def __init__(self, graph: ReadGraph, first: Tensor, shapes: Mapping[str, Shape], batch: int) -> None:
        self.graph, self.shapes, self.batch = graph, shapes, batch
        self.arrays: dict[str, Array] = dict(graph.arrays)
        self.tensors: dict[str, Tensor] = {graph.input.name: first}
        self.faults: list[tuple[Operation, str]] = []
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        """Keep a note, once."""
        if text not in self.notes:
            self.notes.append(text)

    def tensor(self, operation: Operation, index: int = 0) -> Tensor:
        """Return an input of an operation that depends on the network's input. Raises Refused for a constant."""
        name = operation.given(index)
        if name not in self.tensors:
            raise Refused("works on a constant where the document has the result of the layer before")
        return self.tensors[name]

    def constant(self, operation: Operation, index: int, what: str) -> Array:
        """Return an input of an operation that is a constant. what: it is. Raises Refused for any other."""
        array = self.optional(operation, index, what)
        if array is None:
            raise Refused(f"has no {what}")
        return array

    def optional(self, operation: Operation, index: int, what: str) -> Array | None:
        """Return an input of an operation that is a constant, None where it is left out. Raises Refused."""
        name = operation.given(index)
        if not name:
            return None
        if name not in self.arrays:
            raise Refused(f"takes its {what} from another node; a layer here has its own, which training changes")
        return self.arrays[name]

    def run(self) -> None:
        """Translate all operations in order; what cannot be is in `faults`."""
        translators = load_translators()
        for operation in self.graph.operations:
            try:
                self.translate(operation, translators)
            except Refused as refused:
                self.refuse(operation, f"{refused}")
            except NotFolded as refused:
                self.refuse(operation, f"{refused}")
            except MISFITS as problem:
                self.refuse(operation, f"its settings do not fit its inputs: {first_line(problem)}")

    def translate(self, operation: Operation, translators: Mapping[str, Translator]) -> None:
        """Translate an operation, or compute it where it depends on constants alone."""
        if operation.type == "Constant" and not operation.domain:
            self.arrays[operation.outputs[0]] = constant_of(operation)
            return
        known = operation.domain == "" and operation.type in translators
        if operation.type == "Shape" and not operation.domain and operation.inputs[0] in self.tensors:
            self.arrays[operation.outputs[0]] = self.shape_of(operation)
            return
        if all(not name or name in self.arrays for name in operation.inputs):
            outputs = folded(operation, [self.arrays.get(name) for name in operation.inputs])
            self.arrays |= dict(zip(operation.outputs, outputs, strict=False))
            return
        lost = any(name and name not in self.arrays and name not in self.tensors for name in operation.inputs)
        if lost and (known or not is_fault_anywhere(operation)):
            return  # behind a fault whose shape is not known, and perhaps no fault by itself
        if not known:
            raise Refused(nearest(operation))
        self.tensors[operation.outputs[0]] = translators[operation.type](operation, self)
        if any(name and self.graph.uses[name] for name in operation.outputs[1:]):
            raise Refused("has a second output that is used; a layer here has one")

    def shape_of(self, operation: Operation) -> Array:
        """Return the shape of a tensor as a Shape node gives it."""
        shape = (self.batch, *self.tensors[operation.inputs[0]].shape)
        start, end = operation.attributes.get("start", 0), operation.attributes.get("end", len(shape))
        return np.array(shape[start:end], np.int64)

    def refuse(self, operation: Operation, message: str) -> None:
        """Keep a fault, and go on with what is known of its output."""
        self.faults.append((operation, message))
        for name in operation.outputs:
            if name in self.shapes and name not in self.tensors:
                shape = self.shapes[name]
                self.tensors[name] = Tensor(Unread((), shape, operation), shape)


def translated(graph: ReadGraph, first: Tensor, batch: int) -> Translated:
    """Return a graph as steps. first: its input. Raises GraphError with all operations that cannot be said."""
    translation = Translation(graph, first, inferred_shapes(graph), batch)
    translation.run()
    if translation.faults:
        raise GraphError(*graph.problems(translation.faults))
    output = translation.tensors.get(graph.output.name)
    if output is None:
        raise GraphError(Problem("its output does not depend on its input", file=str(graph.file.path)))
    assert isinstance(first.step, Input)
    return Translated(first.step, output, tuple(translation.notes))


def inferred_shapes(graph: ReadGraph) -> dict[str, Shape]:
    """Return the shapes of tensors, without the batch, where ONNX can tell them and they are vectors or images."""
    import onnx

    try:
        model = onnx.shape_inference.infer_shapes(graph.file.model)
    except Exception:  # it serves to find further faults only, and says nothing of files that it cannot read
        return {}
    shapes = {}
    for value in model.graph.value_info:
        kind = value.type.tensor_type
        sizes = [size.dim_value for size in kind.shape.dim[1:]] if kind.HasField("shape") else []
        if len(sizes) in (1, 3) and all(size > 0 for size in sizes):
            shapes[value.name] = tuple(sizes)
    return shapes


def image(tensor: Tensor, what: str) -> GraphStep:
    """Return the step of a tensor that is an image, N×C×H×W. what: takes it. Raises Refused for any other."""
    step = tensor.step
    if len(tensor.shape) != 3:
        raise Refused(f"takes {shape_text(tensor.shape) or 'single numbers'}, but {what} takes images C×H×W")
    if tensor.order is not None:
        raise Refused(f"takes the values of an image in an order that is not C×H×W, which {what} cannot")
    if isinstance(step, Input) and not step.fixed:
        step.shape, step.fixed = tensor.shape, True  # the samples may be stored as images just as well
    if step.shape != tensor.shape:
        raise Refused(
            f"takes {shape_text(step.shape)} as {shape_text(tensor.shape)}; a document reshapes an image to a vector "
            "only, by Flatten"
        )
    return step


def vector(tensor: Tensor, what: str) -> GraphStep:
    """Return the step of a tensor that is a vector, in the order of `tensor.order`. Raises Refused for any other."""
    if len(tensor.shape) != 1 or len(tensor.step.shape) != 1:
        raise Refused(f"takes {shape_text(tensor.shape) or 'single numbers'}, but {what} takes vectors N×F")
    return tensor.step
