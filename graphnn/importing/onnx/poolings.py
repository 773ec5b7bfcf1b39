"""MaxPool, AveragePool, and the global ones: the pooling layers; ReduceMean too."""

import math
from typing import Any

from graphnn.importing.onnx.graph import Operation
from graphnn.importing.onnx.steps import LayerStep, Mean, Tensor
from graphnn.importing.onnx.translation import Refused, Translation, image, translates
from graphnn.importing.onnx.windows import compact, two, windows
from graphnn.types import Shape, shape_text


@translates("MaxPool", "AveragePool")
def pool(operation: Operation, translation: Translation) -> Tensor:
    """Return the largest value, or the mean, of each window."""
    layer = "MaxPooling2D" if operation.type == "MaxPool" else "AveragePooling2D"
    step = image(translation.tensor(operation), layer)
    kernel = two(operation, operation.attributes["kernel_shape"], "windows")
    window = windows(operation, kernel, step.shape)
    if any(window.before + window.after):
        pads = [*window.before, *window.after]
        raise Refused(
            f"is padded by {pads} (top, left, bottom, right); a {layer} reads no padding: train it with padding 0, or "
            "with a Conv2D of the same strides in its place"
        )
    sizes = tuple(zip(step.shape[1:], window.kernel, window.strides, strict=True))
    output = [(size - k) // stride + 1 for size, k, stride in sizes]
    rounded_up = [-(-(size - k) // stride) + 1 for size, k, stride in sizes]
    if operation.attributes.get("ceil_mode", 0) and output != rounded_up:
        raise Refused(
            f"rounds the size of its output up (ceil_mode), to {shape_text(tuple(rounded_up))}; a {layer} leaves out "
            f"what fills no window, which gives {shape_text(tuple(output))}: train it with ceil_mode=0"
        )
    if min(output) < 1:
        raise Refused(f"has windows of {shape_text(window.kernel)}, larger than its input {shape_text(step.shape)}")
    return pooled(operation, layer, Tensor(step, step.shape), window.kernel, window.strides, tuple(output))


def pooled(
    operation: Operation, layer: str, tensor: Tensor, kernel: tuple[int, int], strides: tuple[int, int], output: Shape
) -> Tensor:
    """Return a pooling layer."""
    settings: dict[str, Any] = {} if kernel == (2, 2) else {"pool_size": compact(kernel)}
    if strides != kernel:
        settings["strides"] = compact(strides)
    shape = (tensor.step.shape[0], *output)
    return Tensor(LayerStep((tensor.step,), shape, operation, layer, settings), shape)


@translates("GlobalAveragePool")
def global_average_pool(operation: Operation, translation: Translation) -> Tensor:
    """Return the mean of each channel, C×1×1 in ONNX."""
    step = image(translation.tensor(operation), "GlobalAveragePooling")
    channels = step.shape[0]
    return Tensor(LayerStep((step,), (channels,), operation, "GlobalAveragePooling"), (channels, 1, 1))


@translates("GlobalMaxPool")
def global_max_pool(operation: Operation, translation: Translation) -> Tensor:
    """Return the largest value of each channel: a MaxPooling2D of the size of the image."""
    step = image(translation.tensor(operation), "MaxPooling2D")
    size = (step.shape[1], step.shape[2])
    return pooled(operation, "MaxPooling2D", Tensor(step, step.shape), size, size, (1, 1))


@translates("ReduceMean")
def reduce_mean(operation: Operation, translation: Translation) -> Tensor:
    """Return the mean over rows and columns, or over all values of a sample."""
    tensor = translation.tensor(operation)
    axes = operation.attributes.get("axes")
    if axes is None and (array := translation.optional(operation, 1, "axes")) is not None:
        axes = tuple(int(axis) for axis in array.ravel())
    rank = len(tensor.shape) + 1
    chosen = sorted({axis % rank for axis in axes} if axes else range(rank))
    if 0 in chosen:
        raise Refused("takes the mean over the samples of a batch; a document keeps them apart")
    keep = bool(operation.attributes.get("keepdims", 1))
    kept = [axis for axis in range(1, rank) if axis not in chosen]
    sizes = tuple(tensor.shape[axis - 1] for axis in kept)
    shape = tuple(1 if axis in chosen else tensor.shape[axis - 1] for axis in range(1, rank)) if keep else sizes
    step = tensor.step
    rows = tensor.places().transpose([axis - 1 for axis in (*kept, *chosen)]).reshape(math.prod(sizes), -1)
    if len(step.shape) == 3 and len(chosen) == 2 and rows.shape[0] == step.shape[0]:
        channels = rows // math.prod(step.shape[1:])
        if (channels == channels[:, :1]).all():
            made = LayerStep((step,), step.shape[:1], operation, "GlobalAveragePooling")
            return Tensor(made, shape).moved(channels[:, 0].reshape(shape))
    if rows.shape[0] == 1:
        return Tensor(Mean((step,), (), operation), shape)
    raise Refused(
        f"takes the mean of {shape_text(tensor.shape)} over the axes {chosen}; the nearest is GlobalAveragePooling, "
        "over rows and columns of an image"
    )
