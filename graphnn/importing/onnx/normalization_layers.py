"""BatchNormalization and LayerNormalization."""

from typing import Any

import numpy as np

from graphnn.importing.onnx.graph import Operation
from graphnn.importing.onnx.steps import LayerStep, Tensor
from graphnn.importing.onnx.translation import Refused, Translation, translates
from graphnn.types import Array, shape_text

NAMES = ("gamma", "beta", "running_mean", "running_variance")


@translates("BatchNormalization")
def batch_normalization(operation: Operation, translation: Translation) -> Tensor:
    """Return γ·(x − μ)/√(σ² + ε) + β for each channel, with the running statistics."""
    tensor = translation.tensor(operation)
    arrays = {}
    for index, name in enumerate(NAMES, 1):
        array = translation.constant(operation, index, name)
        if not tensor.shape or array.shape != tensor.shape[:1]:
            raise Refused(f"has a {name} of {shape_text(array.shape)} for {shape_text(tensor.shape)}")
        arrays[name] = per_channel(tensor, array)
    settings = {}
    epsilon, momentum = (
        shortest(operation.attributes.get(key, known)) for key, known in (("epsilon", 1e-5), ("momentum", 0.9))
    )
    if momentum != 0.9:
        settings["momentum"] = momentum
    if epsilon != 1e-5:
        settings["epsilon"] = epsilon
    made = LayerStep((tensor.step,), tensor.step.shape, operation, "BatchNormalization", settings, arrays)
    return tensor.with_step(made)


def per_channel(tensor: Tensor, array: Array) -> Array:
    """Return constants for the first axis of a tensor as constants for the channels of its step. Raises Refused."""
    if tensor.order is None and tensor.shape[:1] == tensor.step.shape[:1]:
        return array
    dtype, full = array.dtype, tensor.as_step(array.reshape(-1, *[1] * (len(tensor.shape) - 1)))
    channels = tensor.step.shape[0]
    if full.size not in (1, channels):
        raise Refused("has constants for another axis than the channels")
    return np.array(np.broadcast_to(full.ravel(), (channels,)), dtype)


@translates("LayerNormalization")
def layer_normalization(operation: Operation, translation: Translation) -> Tensor:
    """Return γ·(x − μ)/√(σ² + ε) + β for each sample, over all its values."""
    tensor = translation.tensor(operation)
    rank = len(tensor.shape) + 1
    axis = operation.attributes.get("axis", -1) % rank
    if any(size != 1 for size in tensor.shape[: axis - 1]) or axis == 0:
        raise Refused(
            f"normalises {shape_text(tensor.shape)} over its axes from {axis} on; LayerNormalization here normalises "
            "all values of a sample together: axis 1"
        )
    scale, shift = translation.constant(operation, 1, "scale"), translation.optional(operation, 2, "shift")
    settings: dict[str, Any] = {}
    epsilon = shortest(operation.attributes.get("epsilon", 1e-5))
    if epsilon != 1e-5:
        settings["epsilon"] = epsilon
    arrays = {"gamma": whole(tensor, scale)}
    if shift is None:
        settings["center"] = False
    else:
        arrays["beta"] = whole(tensor, shift)
    made = LayerStep((tensor.step,), tensor.step.shape, operation, "LayerNormalization", settings, arrays)
    return tensor.with_step(made)


def whole(tensor: Tensor, array: Array) -> Array:
    """Return constants for a tensor as constants for each value of its step, in the constants' type. Raises Refused."""
    try:
        full = tensor.as_step(array)
    except ValueError as problem:
        raise Refused(f"has constants of {shape_text(array.shape)} for {shape_text(tensor.shape)}") from problem
    return np.array(np.broadcast_to(full, tensor.step.shape), array.dtype)


def shortest(value: float) -> float:
    """Return a number of float32 as the shortest decimal that stands for it: 1e-05 for 9.999999747378752e-06."""
    return float(str(np.float32(value)))
