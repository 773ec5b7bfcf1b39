"""Operations of ONNX graphs whose inputs are all constants, computed once."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from graphnn.importing.onnx.graph import Operation
from graphnn.types import Array

LARGEST = 2**27  # numbers in a result
SAME_SIZE = (  # whose results are not larger than their inputs together
    *("Cast", "CastLike", "Concat", "Flatten", "Gather", "GatherElements", "Identity", "Reshape", "Slice", "Split"),
    *("Squeeze", "Transpose", "Unsqueeze", "Shape", "Size", "Dropout", "DequantizeLinear"),
    *("ReduceSum", "ReduceProd", "ReduceMean", "ReduceMax", "ReduceMin"),
    *("Abs", "Ceil", "Exp", "Floor", "Log", "Neg", "Not", "Reciprocal", "Round", "Sign", "Sqrt"),
)
BROADCAST = (
    *("Add", "Sub", "Mul", "Div", "Pow", "Mod", "Max", "Min", "Where"),
    *("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "And", "Or"),
)
BY_VALUE = ("ConstantOfShape", "Expand", "Range", "Tile")
FOLDED = frozenset((*SAME_SIZE, *BROADCAST, *BY_VALUE))


class NotFolded(Exception):
    """Why constants cannot be computed, in words that follow the node's name."""


def constant_of(operation: Operation) -> Array:
    """Return the array of a Constant node. Raises NotFolded for one that is no array of numbers."""
    attributes = operation.attributes
    if "value" in attributes:
        return np.asarray(attributes["value"])
    for key, dtype in (("value_float", np.float32), ("value_floats", np.float32)):
        if key in attributes:
            return np.asarray(attributes[key], dtype)
    for key in ("value_int", "value_ints"):
        if key in attributes:
            return np.asarray(attributes[key], np.int64)
    raise NotFolded("a constant that is no array of numbers")


def folded(operation: Operation, inputs: Sequence[Array | None]) -> list[Array]:
    """Return the outputs of an operation for constant inputs, None for those left out.

    Raises NotFolded where it is not one of FOLDED, cannot be computed, or would be huge.
    """
    if operation.domain or operation.type not in FOLDED:
        raise NotFolded("is not computed here, though its inputs are constants; export the graph with constants folded")
    if result_size(operation, [array for array in inputs if array is not None]) > LARGEST:
        raise NotFolded(f"would make a constant of more than {LARGEST:,} numbers")
    from onnx import helper
    from onnx.reference import ReferenceEvaluator

    node = helper.make_node(operation.type, operation.inputs, operation.outputs, **plain(operation.attributes))
    feeds = {name: array for name, array in zip(operation.inputs, inputs, strict=True) if array is not None}
    try:
        with np.errstate(all="ignore"):
            found = ReferenceEvaluator(node, opsets={"": operation.opset}).run(None, feeds)
    except Exception as problem:  # whatever numpy or the evaluator say of wrong shapes and types
        raise NotFolded(
            f"cannot be computed: {str(problem).splitlines()[0] if str(problem) else problem!r}"
        ) from problem
    return [np.asarray(each) for each in found]


def plain(attributes: Any) -> dict[str, Any]:
    """Return attributes as `onnx.helper.make_node` takes them."""
    from onnx import numpy_helper

    return {
        key: numpy_helper.from_array(value) if isinstance(value, np.ndarray) else value
        for key, value in attributes.items()
    }


def result_size(operation: Operation, inputs: Sequence[Array]) -> int:
    """Return about how many numbers an operation on constants gives, at most."""
    total = sum(array.size for array in inputs)
    if operation.type in BROADCAST:
        try:
            return math.prod(np.broadcast_shapes(*(array.shape for array in inputs)))
        except ValueError:
            return total
    if operation.type == "ConstantOfShape":
        return product(inputs[0])
    if operation.type == "Expand":
        return max(total, product(inputs[1])) if inputs[1].size >= inputs[0].ndim else total * product(inputs[1])
    if operation.type == "Tile":
        return total * product(inputs[1])
    if operation.type == "Range":
        start, limit, delta = (float(array) for array in inputs[:3])
        return int(min(abs((limit - start) / delta), 1e18)) if delta else LARGEST + 1
    if operation.type in ("Gather", "GatherElements"):
        return inputs[0].size * max(1, inputs[1].size)
    return total


def product(sizes: Array) -> int:
    """Return the product of sizes, which may be beyond 64 bits."""
    return math.prod(max(1, abs(int(size))) for size in sizes.ravel())
