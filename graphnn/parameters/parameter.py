"""What a layer declares of one array that it owns, and how that array lies in memory."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

import numpy as np

from graphnn.initializers.base import Initializer
from graphnn.types import Array, Shape


class Role(Enum):
    """What a parameter does in its layer. Weight decay applies to weights alone unless a document says otherwise.

    WEIGHT: a matrix or filters, whose products with the inputs are summed. BIAS: is added to such sums. SCALE, SHIFT: a
    factor and a summand of single features or channels, as γ and β of a normalisation; the slope of PReLU is a SCALE,
    which should not decay, because that would draw it to ReLU (He et al. 2015, "Delving deep into rectifiers",
    section 2.1). STATISTIC: is computed from the data, and not trained, as a running mean.
    """

    WEIGHT = "weight"
    BIAS = "bias"
    SCALE = "scale"
    SHIFT = "shift"
    STATISTIC = "statistic"


@dataclass(frozen=True)
class Parameter:
    """The declaration of one array that a layer owns.

    memory_order: the axes from slowest to fastest in memory, for a kernel that wants another order than C.
    trainable: whether the optimizer changes it, which is never so for a statistic. until_epoch: the number of epochs in
    which it does so, after which the parameter stays as it is; None: in all.
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
        """Number of elements."""
        return math.prod(self.shape)

    def trained_in(self, epoch: int) -> bool:
        """Whether it is trained in an epoch; the first is 0."""
        return self.trainable and (self.until_epoch is None or epoch < self.until_epoch)


def in_memory_order(flat: Array, parameter: Parameter) -> Array:
    """Return `flat` seen with the parameter's logical shape over the memory order that it asks for."""
    if parameter.memory_order is None:
        return flat.reshape(parameter.shape)
    order = parameter.memory_order
    return flat.reshape([parameter.shape[axis] for axis in order]).transpose(np.argsort(order))


def in_order_of_memory(array: Array, parameter: Parameter) -> Array:
    """Return the flat memory of an array that `in_memory_order` made."""
    order = range(array.ndim) if parameter.memory_order is None else parameter.memory_order
    return array.transpose(*order).reshape(-1)
