"""The declaration of one parameter array of a layer: shape, role, initializer, and its order in memory."""

from __future__ import annotations

import math
from enum import Enum

import numpy as np

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.initializers.base import Initializer
from graphnn.types import Array, Shape


class Role(Enum):
    """What a parameter does in its layer. Weight decay applies to weights alone unless a document says otherwise.

    WEIGHT: a matrix or filters, whose products with the inputs are summed. BIAS: added to such sums. SCALE, SHIFT: a
    factor and a summand of single features or channels, such as γ and β of a normalisation; the slope of PReLU is a
    SCALE, which should not decay, because it would become a ReLU (He et al. 2015, "Delving deep into rectifiers",
    section 2.1). STATISTIC: computed from the data and not trained, such as a running mean.
    """

    WEIGHT = "weight"
    BIAS = "bias"
    SCALE = "scale"
    SHIFT = "shift"
    STATISTIC = "statistic"


@frozen_dataclass
class Parameter:
    """The declaration of one parameter array of a layer.

    trainable: whether the optimizer updates it; always false for a statistic. memory_order: the axes from slowest to
    fastest in memory, for a kernel that needs another order than C. until_epoch: the number of epochs in which it is
    trained before it is frozen; None: all.
    """

    name: str
    shape: Shape
    initializer: Initializer
    role: Role
    trainable: bool = True
    memory_order: tuple[int, ...] | None = None
    until_epoch: int | None = None

    def __post_init__(self) -> None:
        if self.role is Role.STATISTIC:
            object.__setattr__(self, "trainable", False)

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    def trained_in(self, epoch: int) -> bool:
        """Whether it is trained in an epoch; the first is 0."""
        return self.trainable and (self.until_epoch is None or epoch < self.until_epoch)


def in_memory_order(flat: Array, parameter: Parameter) -> Array:
    """Return a view of `flat` with the parameter's logical shape, its axes in memory as the parameter declares."""
    if parameter.memory_order is None:
        return flat.reshape(parameter.shape)
    order = parameter.memory_order
    return flat.reshape([parameter.shape[axis] for axis in order]).transpose(np.argsort(order))


def in_order_of_memory(array: Array, parameter: Parameter) -> Array:
    """Return the flat view of an array from `in_memory_order`."""
    order = range(array.ndim) if parameter.memory_order is None else parameter.memory_order
    return array.transpose(*order).reshape(-1)
