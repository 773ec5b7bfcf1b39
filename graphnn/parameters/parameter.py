"""What a layer declares of one array that it owns, and how that array lies in memory."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from graphnn.initializers.base import Initializer
from graphnn.types import Array, Shape

if TYPE_CHECKING:
    pass


@dataclass(frozen=True)
class Parameter:
    """The declaration of one array that a layer owns.

    memory_order: the axes from slowest to fastest in memory, for a kernel that wants another order than C.
    trainable: whether the optimizer changes it. until_epoch: the number of epochs in which it does so, after which the
    parameter stays as it is; None: in all.
    """

    name: str
    shape: Shape
    initializer: Initializer
    trainable: bool = True
    memory_order: tuple[int, ...] | None = None
    until_epoch: int | None = None

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
