"""Arithmetic with constants and between results: scales, shifts, residual blocks, and parts of known functions."""

from collections.abc import Callable

import numpy as np

from graphnn.importing.onnx.graph import Operation
from graphnn.importing.onnx.steps import Affine, Function, GraphStep, Joined, LayerStep, Tensor
from graphnn.importing.onnx.translation import Refused, Translation, translates
from graphnn.kernels.erf import erf
from graphnn.types import Array, shape_text

SCALINGS = ("Scale", "Dropout")  # layers that graphnn writes as a product with one number


def error_function(x: Array) -> Array:
    """Return erf(x)."""
    values = np.array(x, np.float64)
    return erf(values, values, (np.empty_like(values), np.empty_like(values)))


UNARY: dict[str, Callable[[Array], Array]] = {
    "Abs": np.abs,
    "Erf": error_function,
    "Exp": np.exp,
    "Log": np.log,
    "Reciprocal": np.reciprocal,
    "Sqrt": np.sqrt,
    "Not": np.logical_not,
}
BINARY: dict[str, Callable[[Array, Array], Array]] = {
    "Mul": np.multiply,
    "Div": np.divide,
    "Pow": np.power,
    "Max": np.maximum,
    "Min": np.minimum,
    "Greater": np.greater,
    "GreaterOrEqual": np.greater_equal,
    "Less": np.less,
    "LessOrEqual": np.less_equal,
}


@translates("Add", "Sub", "Mul", "Div")
def arithmetic(operation: Operation, translation: Translation) -> Tensor:
    """Return a scale and shift by constants, a sum of two results, or another function of two."""
    a, b = (translation.tensors.get(operation.given(index)) for index in (0, 1))
    if a is not None and b is not None:
        return of_two(operation, a, b)
    if b is not None:
        constant = translation.constant(operation, 0, "first number")
        if operation.type == "Div":
            return with_constant(operation, b, constant, lambda x, c: np.divide(c, x))
        return affine(operation, b, constant, swapped=True)
    assert a is not None  # an operation on constants alone is computed
    return affine(operation, a, translation.constant(operation, 1, "second number"), swapped=False)


def affine(operation: Operation, tensor: Tensor, constant: Array, *, swapped: bool) -> Tensor:
    """Return factor·x + shift. swapped: whether the constant comes first."""
    if operation.type == "Div" and not np.all(constant):
        raise Refused("divides by 0")
    value = fitted(operation, tensor, constant)
    one, zero = np.ones(()), np.zeros(())
    match operation.type:
        case "Add":
            factor, shift = one, value
        case "Sub":
            factor, shift = (-one, value) if swapped else (one, -value)
        case "Mul":
            factor, shift = value, zero
        case _:
            factor, shift = np.asarray(1 / value), zero
    if operation.layer in SCALINGS and factor.ndim == 0 and factor and not shift:
        return tensor.with_step(scaling(tensor.step, float(factor), operation))
    return tensor.with_step(composed(tensor.step, factor, shift, operation))


def scaling(step: GraphStep, factor: float, operation: Operation) -> LayerStep:
    """Return factor·y of a step's result y as a layer of its own."""
    with np.errstate(over="ignore"):  # which no document says
        settings = {"factor": float(str(np.float32(factor)))}
    return LayerStep((step,), step.shape, operation, "Scale", settings)


def composed(step: GraphStep, factor: Array, shift: Array, operation: Operation) -> Affine:
    """Return factor·y + shift of a step's result y, as one with a scale and shift that the step is itself."""
    if isinstance(step, Affine):
        return Affine(step.inputs, step.shape, operation, factor * step.factor, factor * step.shift + shift)
    return Affine((step,), step.shape, operation, factor, shift)


def fitted(operation: Operation, tensor: Tensor, constant: Array) -> Array:
    """Return a constant for the step of a tensor. Raises Refused where it would change the tensor's shape."""
    try:
        return tensor.as_step(constant)
    except ValueError as problem:
        raise Refused(f"takes constants of {shape_text(constant.shape)} for {shape_text(tensor.shape)}") from problem


def with_constant(
    operation: Operation, tensor: Tensor, constant: Array, function: Callable[[Array, Array], Array]
) -> Tensor:
    """Return a function of a result and a constant."""
    value = fitted(operation, tensor, constant)
    shape = tensor.step.shape
    made = Function((tensor.step,), shape, operation, lambda x: function(x, value_for(x, value)), (value,))
    return tensor.with_step(made)


def value_for(x: Array, value: Array) -> Array:
    """Return a constant of C×1×1 for values of G×C, where a function is tried for each channel apart."""
    return value.reshape(-1) if x.ndim == 2 and value.ndim == 3 and value.shape[1:] == (1, 1) else value


@translates("Pow", "Max", "Min", "Greater", "GreaterOrEqual", "Less", "LessOrEqual")
def binary(operation: Operation, translation: Translation) -> Tensor:
    """Return a function of one or two results."""
    if len(operation.inputs) != 2:
        raise Refused(f"takes {len(operation.inputs)} inputs, where a part of a known function has two")
    a, b = (translation.tensors.get(operation.given(index)) for index in (0, 1))
    function = BINARY[operation.type]
    if a is not None and b is not None:
        return of_two(operation, a, b)
    if a is not None:
        return with_constant(operation, a, translation.constant(operation, 1, "second number"), function)
    assert b is not None
    return with_constant(operation, b, translation.constant(operation, 0, "first number"), lambda x, c: function(c, x))


@translates(*UNARY)
def unary(operation: Operation, translation: Translation) -> Tensor:
    """Return a function of one result, which is no layer by itself."""
    tensor = translation.tensor(operation)
    return tensor.with_step(Function((tensor.step,), tensor.step.shape, operation, UNARY[operation.type]))


@translates("Where")
def where(operation: Operation, translation: Translation) -> Tensor:
    """Return one of two values by a condition, as a part of a known function."""
    names = [operation.given(index) for index in range(3)]
    known = [translation.tensors[name] for name in names if name in translation.tensors]
    first = known[0]
    if any(each.shape != first.shape or not same_order(each, first) for each in known):
        raise Refused("chooses between results of different shapes")
    values = {
        name: fitted(operation, first, translation.constant(operation, index, "constant"))
        for index, name in enumerate(names)
        if name not in translation.tensors
    }

    def choose(*results: Array) -> Array:
        given = iter(results)
        taken = [value_for(results[0], values[name]) if name in values else next(given) for name in names]
        return np.where(taken[0], taken[1], taken[2])

    steps = tuple(each.step for each in known)
    made = Function(steps, first.step.shape, operation, choose, tuple(values.values()))
    return first.with_step(made)


@translates("Sum")
def sum_of_many(operation: Operation, translation: Translation) -> Tensor:
    """Return the sum of results, one after the other."""
    total = translation.tensor(operation)
    for index in range(1, len(operation.inputs)):
        total = of_two(operation, total, translation.tensor(operation, index))
    return total


def of_two(operation: Operation, a: Tensor, b: Tensor) -> Tensor:
    """Return a function of two results. Raises Refused where they differ in shape or order."""
    a, b = flattened(operation, a, b), flattened(operation, b, a)
    single = [each.step.shape == () for each in (a, b)]
    if any(single):
        first = b if single[0] else a
        shape = np.broadcast_shapes(a.shape, b.shape)
        if shape != first.shape:
            raise Refused(f"joins results of {shape_text(a.shape)} and {shape_text(b.shape)}")
    elif a.shape != b.shape or not same_order(a, b):
        what = (
            "in the same shape, but another order"
            if a.shape == b.shape
            else f"of {shape_text(a.shape)} and {shape_text(b.shape)}"
        )
        advice = "a Residual adds branches of one shape"
        if operation.type == "Mul":
            advice = "no layer here multiplies one result by another, as squeeze-and-excitation does"
        raise Refused(f"joins results {what}; {advice}")
    else:
        first = a
    steps, shape = (a.step, b.step), first.step.shape
    made: GraphStep
    if operation.type in ("Add", "Sum") and a.step is b.step:
        made = composed(a.step, np.full((), 2.0), np.zeros(()), operation)
    elif operation.type in ("Add", "Sum") and not any(single):
        made = Joined(steps, shape, operation)
    elif operation.type in ("Add", "Sub", "Sum"):
        sign = np.subtract if operation.type == "Sub" else np.add
        made = Function(steps, shape, operation, sign)
        if operation.type == "Sub" and not any(single):
            made = Joined((a.step, composed(b.step, -np.ones(()), np.zeros(()), operation)), shape, operation)
    else:
        made = Function(steps, shape, operation, BINARY[operation.type])
    return first.with_step(made)


def flattened(operation: Operation, tensor: Tensor, other: Tensor) -> Tensor:
    """Return a tensor as a vector where the step of the other is one, and they have the same shape."""
    if tensor.shape == other.shape and len(tensor.step.shape) == 3 and len(other.step.shape) == 1:
        size = int(np.prod(tensor.step.shape))
        return Tensor(LayerStep((tensor.step,), (size,), operation, "Flatten"), tensor.shape, tensor.order)
    return tensor


def same_order(a: Tensor, b: Tensor) -> bool:
    """Whether the values of two tensors of one shape stand in the same places of their steps."""
    if a.order is None or b.order is None:
        return a.order is b.order
    return np.array_equal(a.order, b.order)
