"""MatMul and Gemm: Dense."""

import numpy as np

from graphnn.importing.onnx.graph import Operation
from graphnn.importing.onnx.steps import LayerStep, Tensor
from graphnn.importing.onnx.translation import Refused, Translation, translates, vector
from graphnn.types import Array, shape_text


@translates("MatMul")
def matmul(operation: Operation, translation: Translation) -> Tensor:
    """Return x W of vectors x."""
    if operation.given(0) not in translation.tensors or operation.given(1) in translation.tensors:
        raise Refused("multiplies two results, or from the left, as attention does; a Dense multiplies by its weights")
    weights = translation.constant(operation, 1, "weights")
    if weights.ndim != 2:
        raise Refused(f"has weights of {shape_text(weights.shape)}, where Dense has inputs×units")
    return dense(operation, translation.tensor(operation), weights.T, None)


@translates("Gemm")
def gemm(operation: Operation, translation: Translation) -> Tensor:
    """Return α·x W + β·b of vectors x, with W or its transpose."""
    settings = operation.attributes
    if settings.get("transA", 0):
        raise Refused("transposes the batch; a document keeps the samples apart")
    weights = translation.constant(operation, 1, "weights")
    biases = translation.optional(operation, 2, "biases")
    alpha, beta = settings.get("alpha", 1.0), settings.get("beta", 1.0)
    weights = weights if settings.get("transB", 0) else weights.T
    weights = weights if alpha == 1 else np.asarray(weights * np.asarray(alpha, weights.dtype))
    if biases is not None and beta != 1:
        biases = np.asarray(biases * np.asarray(beta, biases.dtype))
    if beta == 0:
        biases = None
    return dense(operation, translation.tensor(operation), weights, biases)


def dense(operation: Operation, tensor: Tensor, weights: Array, biases: Array | None) -> Tensor:
    """Return a Dense. weights: units×inputs, the inputs in the order of the tensor. biases: of any shape that fits."""
    if len(tensor.shape) == 3 and len(tensor.step.shape) == 3:
        raise Refused(
            f"is applied to the last axis of {shape_text(tensor.shape)}; a Dense takes vectors: put a Flatten before "
            "it, or use a Conv2D of size 1 for the channels of each pixel"
        )
    step = vector(tensor, "Dense")
    units, count = weights.shape
    if count != tensor.shape[0]:
        raise Refused(f"has weights for {count} inputs, but takes {tensor.shape[0]}")
    ordered = weights
    if tensor.order is not None:
        ordered = np.empty_like(weights)
        ordered[:, tensor.order] = weights
    arrays = {"weights": ordered}
    if biases is not None:
        if biases.size not in (1, units):
            raise Refused(f"has biases of {shape_text(biases.shape)}, where Dense has one for each of {units} units")
        arrays["biases"] = np.array(np.broadcast_to(biases.ravel(), (units,)))
    settings = {"units": units} if biases is not None else {"units": units, "use_bias": False}
    return Tensor(LayerStep((step,), (units,), operation, "Dense", settings, arrays), (units,))
