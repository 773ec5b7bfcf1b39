"""Activations that are one operation in ONNX."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from graphnn.importing.onnx.graph import Operation
from graphnn.importing.onnx.normalization_layers import shortest
from graphnn.importing.onnx.steps import Affine, LayerStep, Tensor
from graphnn.importing.onnx.translation import Refused, Translation, translates
from graphnn.types import shape_text

ALIKE = {"Relu": "ReLU", "Sigmoid": "Sigmoid", "Tanh": "Tanh"}


def layer(
    operation: Operation, tensor: Tensor, type_: str, settings: Mapping[str, Any] | None = None, **arrays: Any
) -> Tensor:
    """Return a layer that changes no shape."""
    return tensor.with_step(LayerStep((tensor.step,), tensor.step.shape, operation, type_, settings or {}, arrays))


@translates(*ALIKE)
def alike(operation: Operation, translation: Translation) -> Tensor:
    """Return the layer that has no settings."""
    return layer(operation, translation.tensor(operation), ALIKE[operation.type])


@translates("LeakyRelu")
def leaky_relu(operation: Operation, translation: Translation) -> Tensor:
    """Return x where x ≥ 0 and α·x elsewhere."""
    alpha = shortest(operation.attributes.get("alpha", 0.01))
    if alpha < 0:
        raise Refused(f"has a slope of {alpha:g}; a LeakyReLU has none below 0")
    return layer(
        operation, translation.tensor(operation), "LeakyReLU", {} if alpha == 0.01 else {"negative_slope": alpha}
    )


@translates("Elu")
def elu(operation: Operation, translation: Translation) -> Tensor:
    """Return x where x ≥ 0 and α·(eˣ − 1) elsewhere."""
    alpha = shortest(operation.attributes.get("alpha", 1.0))
    if alpha < 0:
        raise Refused(f"has an alpha of {alpha:g}; an ELU has none below 0")
    return layer(operation, translation.tensor(operation), "ELU", {} if alpha == 1 else {"alpha": alpha})


@translates("Gelu")
def gelu(operation: Operation, translation: Translation) -> Tensor:
    """Return x·Φ(x)."""
    exact = operation.attributes.get("approximate", "none") == "none"
    return layer(operation, translation.tensor(operation), "GELU", {"approximate": "none"} if exact else {})


@translates("Swish")
def swish(operation: Operation, translation: Translation) -> Tensor:
    """Return x·sigmoid(αx)."""
    alpha = operation.attributes.get("alpha", 1.0)
    if alpha != 1:
        raise Refused(f"has an alpha of {alpha:g}; a SiLU has 1: scale by it before, and by 1/{alpha:g} after")
    return layer(operation, translation.tensor(operation), "SiLU")


@translates("PRelu")
def prelu(operation: Operation, translation: Translation) -> Tensor:
    """Return x where x ≥ 0 and a slope of each channel times x elsewhere."""
    tensor = translation.tensor(operation)
    slopes = translation.constant(operation, 1, "slopes")
    try:
        known = tensor.as_step(slopes)
    except ValueError as problem:
        raise Refused(f"has slopes of {shape_text(slopes.shape)} for {shape_text(tensor.shape)}") from problem
    channels = tensor.step.shape[0]
    if known.size not in (1, channels):
        raise Refused("has a slope for each pixel; a PReLU has one for each channel")
    if slopes.size == 1 and channels > 1:
        translation.note(
            f"PReLU {operation.name}: has one slope for all channels in the file, and one for each channel here, all "
            "of that value at first"
        )
    return layer(operation, tensor, "PReLU", slopes=np.array(np.broadcast_to(known.ravel(), (channels,)), slopes.dtype))


@translates("Softmax", "LogSoftmax")
def softmax(operation: Operation, translation: Translation) -> Tensor:
    """Return probabilities; for LogSoftmax, too, where it is the last operation: CrossEntropy takes their logarithm."""
    tensor = translation.tensor(operation)
    rank = len(tensor.shape) + 1
    axis = operation.attributes.get("axis", 1 if operation.opset < 13 else -1) % rank
    flat = len(tensor.shape) == len(tensor.step.shape) == 1
    rows = len(tensor.shape) == 3 and tensor.is_plain and axis == rank - 1
    single = len(tensor.step.shape) == 1 and axis == 1 and tensor.shape[1:] == (1,) * (rank - 2)
    if not (flat and axis == 1) and not rows and not single:
        raise Refused(f"is over axis {axis} of {shape_text(tensor.shape)}; a Softmax is over the last axis")
    if operation.type == "LogSoftmax":
        if translation.graph.output.name != operation.outputs[0]:
            raise Refused("gives logarithms to further layers; a document has Softmax, and no logarithm of it")
        translation.note(
            "the last layer is Softmax for LogSoftmax: outputs are the probabilities, not their logarithms"
        )
    return layer(operation, tensor, "Softmax")


@translates("Clip")
def clip(operation: Operation, translation: Translation) -> Tensor:
    """Return the larger of x and 0; other limits are refused."""
    tensor = translation.tensor(operation)
    if operation.opset >= 11:
        limits = [translation.optional(operation, index, "limits") for index in (1, 2)]
        low, high = (None if each is None else float(each.reshape(())) for each in limits)
    else:
        low, high = operation.attributes.get("min"), operation.attributes.get("max")
    largest = float(np.finfo(np.float32).max)
    unlimited = high is None or high >= largest
    if unlimited and low == 0:
        return layer(operation, tensor, "ReLU")
    if unlimited and (low is None or low <= -largest):
        return tensor
    name = "ReLU6" if (low, high) == (0, 6) else f"a limit to {low} … {high}"
    raise Refused(f"is {name}; the nearest layer is ReLU: the network must be trained again with it")


@translates("Neg")
def negative(operation: Operation, translation: Translation) -> Tensor:
    """Return −x."""
    tensor = translation.tensor(operation)
    return tensor.with_step(Affine((tensor.step,), tensor.step.shape, operation, np.asarray(-1.0)))
