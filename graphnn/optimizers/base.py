"""What an optimizer is: how parameters follow their gradients, in place."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from graphnn.errors import ShapeError
from graphnn.parameters.parameter import Role
from graphnn.registry import Registry
from graphnn.specification.describable import Describable, check_built_in
from graphnn.types import Array, Shape, shape_text

BLOCK = 16384  # elements; all of a block's arrays stay in the second-level cache while its passes run


@dataclass(frozen=True)
class Optimizer(Describable, ABC):
    """One update rule; its fields are the properties of its definition in the schema, but for `schedule` and `groups`.

    clip_norm scales the whole gradient down to that norm where it is longer.
    """

    slots: ClassVar[tuple[str, ...]] = ()  # the names of the arrays of its state, which start at 0
    by_matrix: ClassVar[bool] = False  # whether `update` takes the matrix of one parameter, rather than flat vectors

    learning_rate: float = 0.01
    clip_norm: float | None = field(default=None, kw_only=True)

    def _check_settings(self) -> None:
        check_built_in(self, "optimizer", OPTIMIZERS)

    @property
    def type(self) -> str:
        """The `type` in the document: the name of the class."""
        return type(self).__name__

    def decay(self, role: Role) -> float:
        """Return the weight decay λ that is in force for parameters with this role."""
        return 0.0

    @abstractmethod
    def update(
        self,
        parameter: Array,
        gradient: Array,
        state: Mapping[str, Array],
        *,
        learning_rate: float,
        step: int,
        weight_decay: float,
    ) -> None:
        """Change `parameter` and its state in place; `gradient` is overwritten. step: 1 for the first update."""

    def check_shape(self, shape: Shape) -> None:
        """Raise ShapeError where a parameter of this shape cannot be updated."""
        if self.by_matrix and len(shape) < 2:
            raise ShapeError(f"{self.type} needs a parameter of two axes or more, not one of {shape_text(shape) or 1}")

    def get_parameter_updater(self, shape: Shape) -> Callable[[Array, Array], Array]:
        """Return `updater(parameter, gradient) -> new parameter` for one array of `shape`, with a state of its own.

        The arguments stay as they are; the computation is in float64. An array of two axes or more counts as weights
        for the decay, and clip_norm clips the norm of this gradient alone. Raises ShapeError.
        """
        self.check_shape(shape)
        size = math.prod(shape)
        form = (shape[0], -1) if self.by_matrix else (-1,)
        state = {slot: np.zeros(size).reshape(form) for slot in self.slots}
        steps = 0

        def updater(parameter: Array, gradient: Array) -> Array:
            nonlocal steps
            for name, array in (("parameter", parameter), ("gradient", gradient)):
                if np.shape(array) != tuple(shape):
                    raise ShapeError(f"this updater is for {shape_text(shape)}, not a {name} of {np.shape(array)}")
            steps += 1
            new, g = np.array(parameter, np.float64).ravel(), np.array(gradient, np.float64).ravel()
            clip(g, self.clip_norm)
            decay = self.decay(Role.WEIGHT if len(shape) > 1 else Role.BIAS)
            rate = self.learning_rate
            self.update(new.reshape(form), g.reshape(form), state, learning_rate=rate, step=steps, weight_decay=decay)
            return new.reshape(shape).astype(np.result_type(parameter, np.float32), copy=False)

        return updater


OPTIMIZERS: Registry[type[Optimizer]] = Registry("optimizer", "graphnn.optimizers")


@dataclass(frozen=True)
class ElementwiseOptimizer(Optimizer):
    """An update rule that treats every number by itself, on flat vectors of any number of parameters.

    weight_decay λ adds λP to the gradient (AdamW and Lion decay apart), on weights only unless `decay_biases`.
    """

    weight_decay: float = field(default=0.0, kw_only=True)
    decay_biases: bool = field(default=False, kw_only=True)

    def decay(self, role: Role) -> float:
        return self.weight_decay if role is Role.WEIGHT or self.decay_biases else 0.0

    def update(
        self,
        parameter: Array,
        gradient: Array,
        state: Mapping[str, Array],
        *,
        learning_rate: float,
        step: int,
        weight_decay: float,
    ) -> None:
        for block in blocks(len(parameter)):
            own = [state[slot][block] for slot in self.slots]
            self.update_block(parameter[block], gradient[block], own, learning_rate, step, weight_decay)

    @abstractmethod
    def update_block(
        self, P: Array, g: Array, state: Sequence[Array], learning_rate: float, step: int, weight_decay: float
    ) -> None:
        """Update one block of the parameter and, in the order of `slots`, of its state; may overwrite g."""


def clip(gradient: Array, longest: float | None) -> None:
    """Scale the gradient in place to the Euclidean norm `longest` where it is longer; leave it if not finite."""
    if longest is None:
        return
    length = norm(gradient)
    if longest < length < math.inf:
        gradient *= longest / length


def norm(vector: Array) -> float:
    """Return the Euclidean norm; float64 squares, block by block, neither overflow nor lose float32 numbers."""
    return math.sqrt(sum(float(np.square(vector[block], dtype=np.float64).sum()) for block in blocks(len(vector))))


def blocks(length: int) -> Iterator[slice]:
    """Cut a vector into blocks."""
    return (slice(start, start + BLOCK) for start in range(0, length, BLOCK))
