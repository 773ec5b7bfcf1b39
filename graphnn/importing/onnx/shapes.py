"""Operations that move values and change none: Flatten, Reshape, Transpose, Squeeze, and those that do nothing."""

import math

import numpy as np

from graphnn.importing.onnx.graph import Operation
from graphnn.importing.onnx.steps import LARGEST, Affine, LayerStep, Padded, Tensor
from graphnn.importing.onnx.translation import Refused, Translation, translates
from graphnn.types import Shape, shape_text


@translates("Identity", "CastLike")
def identity(operation: Operation, translation: Translation) -> Tensor:
    """Return the input as it is."""
    return translation.tensor(operation)


@translates("Cast")
def cast(operation: Operation, translation: Translation) -> Tensor:
    """Return the input as it is, for a cast between types of real numbers."""
    from onnx import TensorProto

    to = TensorProto.DataType.Name(operation.attributes.get("to", TensorProto.FLOAT))
    if to not in ("FLOAT", "DOUBLE", "FLOAT16", "BFLOAT16"):
        raise Refused(f"rounds to {to.lower()}; the results of layers are real numbers")
    return translation.tensor(operation)


@translates("Dropout")
def dropout(operation: Operation, translation: Translation) -> Tensor:
    """Return the input as it is in inference; where the graph was exported in training, the layers that do the same.

    ONNX divides by 1 − rate in training, where Dropout here multiplies by it in inference: Scale makes them equal.
    """
    tensor = translation.tensor(operation)
    ratio = operation.attributes.get("ratio", 0.5)
    if operation.opset >= 12:
        given = translation.optional(operation, 1, "rate")
        ratio = 0.5 if given is None else float(given.reshape(()))
        mode = translation.optional(operation, 2, "mode")
        if mode is None or not bool(mode.reshape(())) or ratio == 0:
            translation.note(
                "Dropout is left out, because the file has it for inference; to train on with it, write a Dropout of "
                f"{ratio:.4g}, and after it a Scale of {1 / (1 - ratio):.4g}"
                if 0 < ratio < 1
                else "Dropout of 0"
            )
            return tensor
        if not 0 < ratio < 1:
            raise Refused(f"has a rate of {ratio:g}, where one below 1 is needed")
        rate = round(ratio, 7)
        dropped = LayerStep((tensor.step,), tensor.step.shape, operation, "Dropout", {"rate": rate})
        scaled = Affine((dropped,), tensor.step.shape, operation, np.asarray(1 / (1 - rate)))
        return tensor.with_step(scaled)
    return tensor


@translates("Flatten")
def flatten(operation: Operation, translation: Translation) -> Tensor:
    """Return the input as vectors."""
    tensor = translation.tensor(operation)
    axis = operation.attributes.get("axis", 1)
    if axis % (len(tensor.shape) + 1) != 1:
        raise Refused(f"has axis {axis}; a document keeps the samples of a batch apart: axis 1")
    return in_shape(tensor, (math.prod(tensor.shape),), operation)


@translates("Reshape")
def reshape(operation: Operation, translation: Translation) -> Tensor:
    """Return the input in another shape of each sample."""
    tensor = translation.tensor(operation)
    target = [int(size) for size in translation.constant(operation, 1, "shape").ravel()]
    whole = (translation.batch, *tensor.shape)
    if not operation.attributes.get("allowzero", 0):
        if any(size == 0 and index >= len(whole) for index, size in enumerate(target)):
            raise Refused(f"has the shape {target}, whose 0 stands for no size of its input")
        target = [whole[index] if size == 0 else size for index, size in enumerate(target)]
    known, total = math.prod(size for size in target if size != -1), math.prod(whole)
    if target.count(-1) == 1 and known and total % known == 0:
        target[target.index(-1)] = total // known
    if math.prod(target) != total or min(target, default=0) < 1:
        raise Refused(f"cannot bring {shape_text(tensor.shape)} into the shape {target}")
    if target[0] != translation.batch:
        raise Refused("mixes the samples of a batch; a document keeps them apart")
    return in_shape(tensor, tuple(target[1:]), operation)


@translates("Squeeze", "Unsqueeze")
def squeeze(operation: Operation, translation: Translation) -> Tensor:
    """Return the input without axes of size 1, or with further ones."""
    tensor = translation.tensor(operation)
    given = operation.attributes.get("axes")
    if given is None and (array := translation.optional(operation, 1, "axes")) is not None:
        given = tuple(int(axis) for axis in array.ravel())
    shape = (0, *tensor.shape)  # 0 is the batch, which is never of size 1
    if operation.type == "Unsqueeze":
        rank = len(shape) + len(given or ())
        added = {axis % rank for axis in given or ()}
        rest = iter(shape)
        new = [1 if axis in added else next(rest) for axis in range(rank)]
    else:
        chosen = {axis % len(shape) for axis in given} if given else {i for i, size in enumerate(shape) if size == 1}
        if any(shape[axis] not in (0, 1) for axis in chosen):
            raise Refused(f"leaves out an axis of {shape_text(tensor.shape)} that is not of size 1")
        new = [size for axis, size in enumerate(shape) if axis not in chosen]
    if not new or new[0] != 0:
        raise Refused("changes the axis of the batch; a document keeps the samples apart")
    return in_shape(tensor, tuple(new[1:]), operation)


@translates("Transpose")
def transpose(operation: Operation, translation: Translation) -> Tensor:
    """Return the input with its axes in another order, which the layers that follow are told."""
    tensor = translation.tensor(operation)
    rank = len(tensor.shape) + 1
    perm = operation.attributes.get("perm", tuple(reversed(range(rank))))
    if perm[0] != 0:
        raise Refused("moves the axis of the batch; a document has it first")
    return tensor.moved(tensor.places().transpose([axis - 1 for axis in perm[1:]]))


@translates("Pad")
def pad(operation: Operation, translation: Translation) -> Tensor:
    """Return an image with zeros around it, for the convolution that reads it."""
    tensor = translation.tensor(operation)
    if operation.opset >= 11:
        pads = translation.constant(operation, 1, "pads").ravel()
        value, axes = translation.optional(operation, 2, "value"), translation.optional(operation, 3, "axes")
    else:
        pads, value, axes = np.asarray(operation.attributes["pads"]), operation.attributes.get("value", 0.0), None
    mode = operation.attributes.get("mode", "constant")
    if mode != "constant" or (value is not None and np.any(np.asarray(value) != 0)):
        raise Refused(f"pads by {mode if mode != 'constant' else value}; a Conv2D pads with zeros")
    rank = len(tensor.shape) + 1
    chosen = range(rank) if axes is None else [int(axis) % rank for axis in axes.ravel()]
    before, after = [0] * rank, [0] * rank
    for index, axis in enumerate(chosen):
        before[axis], after[axis] = int(pads[index]), int(pads[index + len(pads) // 2])
    if not any(before) and not any(after):
        return tensor
    if rank != 4 or min(before + after) < 0:
        raise Refused("pads or cuts what is no image; Conv2D alone pads")
    if math.prod(size + sum(each) for size, *each in zip(tensor.shape, before[1:], after[1:], strict=True)) > LARGEST:
        raise Refused("pads an image to more than can be read")
    places = np.pad(tensor.places() + 1, list(zip(before[1:], after[1:], strict=True))) - 1  # -1 for padding
    return padded(tensor, places, operation)


def padded(tensor: Tensor, places: "np.ndarray[tuple[int, ...], np.dtype[np.int64]]", operation: Operation) -> Tensor:
    """Return a padded image. places: of its values in the step's result, -1 for zeros. Raises Refused."""
    inside = places >= 0
    axes = spatial_axes(tensor)
    if axes is None:
        raise Refused("pads what is no image; Conv2D alone pads")
    (channel, row, column), shape = axes, places.shape
    sides = []
    for axis in (row, column):
        others = tuple(other for other in range(3) if other != axis)
        used = np.flatnonzero(inside.any(axis=others))
        sides.append((int(used[0]), shape[axis] - 1 - int(used[-1])))
    if not inside.any(axis=(row, column)).all():
        raise Refused("pads the channels; Conv2D pads rows and columns")
    (top, bottom), (left, right) = sides
    new = (shape[channel], shape[row], shape[column])
    step = Padded((tensor.step,), new, operation, (top, left, bottom, right))
    order = np.arange(math.prod(new)).reshape(new).transpose(np.argsort((channel, row, column)))
    return Tensor(step, new).moved(order)


def spatial_axes(tensor: Tensor) -> tuple[int, int, int] | None:
    """Return which axes of a tensor are the channels, rows and columns of its step; None where they are mixed."""
    if len(tensor.shape) != 3 or len(tensor.step.shape) != 3:
        return None
    plain = np.arange(math.prod(tensor.shape)).reshape(tensor.step.shape)
    for perm in ((0, 1, 2), (1, 2, 0), (0, 2, 1), (1, 0, 2), (2, 0, 1), (2, 1, 0)):
        moved = plain.transpose(perm)
        if moved.shape == tensor.shape and np.array_equal(moved, tensor.places()):
            channel, row, column = (int(axis) for axis in np.argsort(perm))
            return channel, row, column
    return None


def in_shape(tensor: Tensor, shape: Shape, operation: Operation) -> Tensor:
    """Return a tensor with its values, in the same order, in another shape.

    A vector of an image is a Flatten; where another reshaping makes an image of the vector again, that is left out.
    """
    changed = Tensor(tensor.step, shape, tensor.order)
    if len(shape) == 1 and len(tensor.step.shape) == 3:
        step = LayerStep((tensor.step,), (math.prod(tensor.step.shape),), operation, "Flatten")
        return Tensor(step, shape, tensor.order)
    if len(shape) > 1 and isinstance(tensor.step, LayerStep) and tensor.step.type == "Flatten":
        return Tensor(tensor.step.inputs[0], shape, tensor.order)
    return changed
