"""Conv: Conv2D, or Dense where there is one pixel."""

from typing import Any

from graphnn.importing.onnx.dense import dense
from graphnn.importing.onnx.graph import Operation
from graphnn.importing.onnx.steps import LayerStep, Padded, Tensor
from graphnn.importing.onnx.translation import Refused, Translation, image, translates
from graphnn.importing.onnx.windows import Windows, compact, windows
from graphnn.types import shape_text


@translates("Conv")
def conv(operation: Operation, translation: Translation) -> Tensor:
    """Return W ⋆ x + b of images x."""
    weights = translation.constant(operation, 1, "weights")
    biases = translation.optional(operation, 2, "biases")
    group = operation.attributes.get("group", 1)
    if weights.ndim != 4:
        raise Refused(f"is over {weights.ndim - 2} axes; a Conv2D is over 2: images C×H×W")
    if group != 1:
        kind = "each channel apart (depthwise)" if weights.shape[1] == 1 else f"{group} groups of channels apart"
        raise Refused(f"convolves {kind}; a Conv2D takes all channels together: train it with groups=1")
    tensor = translation.tensor(operation)
    filters, channels, *kernel = weights.shape
    stated = list(operation.attributes.get("kernel_shape", kernel))
    if stated != kernel:
        raise Refused(f"is said to have a kernel of {stated}, but has weights of {shape_text(weights.shape)}")
    if len(tensor.step.shape) == 1 and tensor.shape == (*tensor.step.shape, 1, 1) and kernel == [1, 1]:
        flat = dense(operation, Tensor(tensor.step, tensor.step.shape, tensor.order), weights[:, :, 0, 0], biases)
        return Tensor(flat.step, (filters, 1, 1))
    step = image(tensor, "Conv2D")
    if step.shape[0] != channels:
        raise Refused(f"has weights for {channels} channels, but takes {shape_text(step.shape)}")
    window = windows(operation, (kernel[0], kernel[1]), step.shape)
    if isinstance(step, Padded):
        top, left, bottom, right = step.pads
        (above, before), (below, after) = window.before, window.after
        inner = (above + top, before + left), (below + bottom, after + right)
        window, step = Windows(window.kernel, window.strides, *inner), step.inputs[0]
    settings: dict[str, Any] = {"filters": filters, "kernel_size": compact(window.kernel)}
    settings |= {"strides": compact(window.strides), "padding": window.padding, "use_bias": biases is not None}
    sizes = zip(step.shape[1:], window.before, window.after, window.kernel, window.strides, strict=True)
    output = [(size + before + after - k) // stride + 1 for size, before, after, k, stride in sizes]
    if min(output) < 1:
        raise Refused(f"has a kernel of {shape_text(window.kernel)}, larger than its input {shape_text(step.shape)}")
    arrays = {"weights": weights}
    if biases is not None:
        if biases.size != filters:
            raise Refused(f"has {biases.size} biases for {filters} filters")
        arrays["biases"] = biases.reshape(filters)
    shape = (filters, *output)
    made = LayerStep((step,), shape, operation, "Conv2D", without_defaults(settings), arrays)
    return Tensor(made, shape)


def without_defaults(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a Conv2D that differ from its defaults."""
    defaults = {"kernel_size": 3, "strides": 1, "padding": "same", "use_bias": True}
    return {key: value for key, value in settings.items() if key not in defaults or defaults[key] != value}
