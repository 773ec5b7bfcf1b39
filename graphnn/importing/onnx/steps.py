"""What the operations of an ONNX graph compute, as steps that each take the result of others: layers and functions."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.importing.onnx.graph import Operation
from graphnn.types import Array, Shape, shape_text

LARGEST = 2**24  # numbers in a sample whose order is followed


@dataclass(eq=False)
class GraphStep:
    """Something computed from the results of other steps.

    shape: of one sample, as a document has it: C×H×W or F, or () for one number. operation: where it comes from.
    """

    inputs: tuple["GraphStep", ...]
    shape: Shape
    operation: Operation | None = None


@dataclass(eq=False)
class Input(GraphStep):
    """The input of the network. fixed: whether a layer has taken it in its shape."""

    fixed: bool = False


@dataclass(eq=False)
class LayerStep(GraphStep):
    """A layer of the document. settings: without those at their defaults. arrays: by the names of its parameters."""

    type: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, Array] = field(default_factory=dict)


@dataclass(eq=False)
class Affine(GraphStep):
    """y = factor·x + shift, with constants that fit `shape`, float64."""

    factor: Array = field(default_factory=lambda: np.ones(()))
    shift: Array = field(default_factory=lambda: np.zeros(()))


@dataclass(eq=False)
class Function(GraphStep):
    """A function of each element of its inputs, which is no layer by itself, but may be a part of one.

    constants: that it takes besides, which fit `shape`.
    """

    function: Callable[..., Array] = np.positive
    constants: tuple[Array, ...] = ()


@dataclass(eq=False)
class Mean(GraphStep):
    """The mean of all values of a sample."""


@dataclass(eq=False)
class Joined(GraphStep):
    """The sum of two results: the end of a residual block."""


@dataclass(eq=False)
class Padded(GraphStep):
    """An image with zeros around it, for the convolution that reads it. pads: top, left, bottom, right."""

    pads: tuple[int, int, int, int] = (0, 0, 0, 0)


@dataclass(eq=False)
class Unread(GraphStep):
    """The result of an operation that is refused, of which only the shape is known."""


@frozen_dataclass
class Tensor:
    """A tensor of the ONNX graph that depends on the input.

    step: what computes it. shape: of one sample, as in the file. order: for each of its values, in C order, the place
    of this value in the step's result, in C order; None where it is the same place.
    """

    step: GraphStep
    shape: Shape
    order: Array | None = None

    @property
    def is_plain(self) -> bool:
        """Whether it is the result of its step as it is."""
        return self.order is None and self.shape == self.step.shape

    def with_step(self, step: GraphStep) -> "Tensor":
        """Return the tensor that a step of the same shape gives in its place."""
        return Tensor(step, self.shape, self.order)

    def places(self) -> Array:
        """Return the place in the step's result of each value, in the tensor's shape. Raises ValueError for many."""
        size = math.prod(self.shape)
        if size > LARGEST:
            raise ValueError(f"{shape_text(self.shape)} is too large to be read")
        return (np.arange(size) if self.order is None else self.order).reshape(self.shape)

    def moved(self, places: Array) -> "Tensor":
        """Return the tensor with its values where `places`, of its new shape, says."""
        order = places.ravel()
        return Tensor(self.step, places.shape, None if np.array_equal(order, np.arange(order.size)) else order)

    def as_step(self, array: Array) -> Array:
        """Return constants for this tensor, of its shape or to be broadcast to it, as constants for its step.

        A single number stays one. Raises ValueError where they cannot be broadcast.
        """
        if array.size == 1:
            return np.asarray(array, np.float64).reshape(())
        if array.ndim == len(self.shape) + 1 and array.shape[0] == 1:
            array = array[0]  # the axis of the batch
        full = np.broadcast_to(np.asarray(array, np.float64), self.shape)
        if self.order is None:
            return narrowed(full.reshape(self.step.shape))
        result = np.empty(full.size)
        result[self.order] = full.ravel()
        return narrowed(result.reshape(self.step.shape))


def narrowed(array: Array) -> Array:
    """Return constants for C×H×W as C×1×1 where those of a channel are all the same, and as a number where all are."""
    if array.size and (array == array.flat[0]).all():
        return np.asarray(array.flat[0], np.float64)
    if array.ndim == 3 and (array == array[:, :1, :1]).all():
        return np.array(array[:, :1, :1])
    return np.array(array)
