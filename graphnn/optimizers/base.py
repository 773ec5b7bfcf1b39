"""The base classes of optimizers, which update parameters in place by their gradients, and their registry."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import ClassVar

import numpy as np

from graphnn.errors import ShapeError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.parameters.parameter import Role
from graphnn.registry import Registry
from graphnn.specification.describable import Describable, check_built_in
from graphnn.types import Array, Shape, shape_text

# Elements: all arrays of a block stay in the second-level cache during its update. SGDMomentum took 140 µs for the
# 235,146 parameters of models/mnist.json in blocks of 2¹⁵, 166 in blocks of 2¹⁴, and 126 in blocks of 2¹⁶, which need a
# cache of 1 MiB.
BLOCK = 2**15
NORM_BLOCK = 2**14  # elements whose squares are added up at a time: the last bits of a norm depend on it


@frozen_dataclass
class Optimizer(Describable, ABC):
    """An update rule; its fields are the properties of its definition in the schema, except `schedule` and `groups`.

    learning_rate: α, where the factor of the schedule is 1. clip_norm: the Euclidean norm to which the gradient of the
    whole network is scaled down where it is longer; None: never.
    """

    slots: ClassVar[tuple[str, ...]] = ()  # the names of the arrays of the state, which are 0 at first
    by_matrix: ClassVar[bool] = False  # whether `update` takes one parameter as a matrix, rather than flat vectors

    learning_rate: float = 0.01
    clip_norm: float | None = field(default=None, kw_only=True)

    def _check_settings(self) -> None:
        check_built_in(self, "optimizer", OPTIMIZERS)

    @property
    def type(self) -> str:
        """The `type` in the document: the name of the class."""
        return type(self).__name__

    def decay(self, role: Role) -> float:
        """Return the weight decay λ of parameters with this role."""
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
        """Update `parameter` and its state in place; `gradient` is overwritten.

        parameter, gradient, each array of the state: a flat vector of any length, or with `by_matrix` the matrix
        filters × inputs of one parameter; all of one dtype, float32 or float64. learning_rate: α of this step.
        step: the number of this update, from 1. weight_decay: λ of these parameters, 0 for none.
        """

    def check_shape(self, shape: Shape) -> None:
        """Raise ShapeError unless a parameter of this shape can be updated."""
        if self.by_matrix and len(shape) < 2:
            raise ShapeError(f"{self.type} needs a parameter of two axes or more, not one of {shape_text(shape) or 1}")

    def get_parameter_updater(self, shape: Shape) -> Callable[[Array, Array], Array]:
        """Return `updater(parameter, gradient) -> new parameter`, with its private state, for one array of `shape`.

        The updater does not change its arguments, and computes in float64. An array of two axes or more decays as
        weights do, and clip_norm applies to the norm of this gradient alone. Both raise ShapeError.
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


@frozen_dataclass
class ElementwiseOptimizer(Optimizer):
    """An update rule that works element by element, on flat vectors of any number of parameters.

    weight_decay: λ; λP is added to the gradient, except that AdamW and Lion decay P itself. decay_biases: whether
    parameters of all roles decay, not the weights only.
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
        for block in blocks(len(parameter), BLOCK):
            block_state = [state[slot][block] for slot in self.slots]
            self.update_block(parameter[block], gradient[block], block_state, learning_rate, step, weight_decay)

    @abstractmethod
    def update_block(
        self, P: Array, g: Array, state: Sequence[Array], learning_rate: float, step: int, weight_decay: float
    ) -> None:
        """Update one block P of the parameters and its state in place, and perhaps overwrite g, the gradient.

        P, g and each array of the state, in the order of `slots`: vectors of one length, at most BLOCK.
        """


def clip(gradient: Array, longest: float | None) -> None:
    """Scale the gradient down, in place, to the Euclidean norm `longest`; a non-finite one is left as it is."""
    if longest is None:
        return
    length = norm(gradient)
    if longest < length < math.inf:
        gradient *= longest / length


def norm(vector: Array) -> float:
    """Return the Euclidean norm; squares in float64, block by block, neither overflow nor underflow for float32."""
    parts = blocks(len(vector), NORM_BLOCK)
    return math.sqrt(sum(float(np.square(vector[block], dtype=np.float64).sum()) for block in parts))


def blocks(length: int, size: int) -> Iterator[slice]:
    """Return the slices that cut a vector into blocks of `size` elements."""
    return (slice(start, start + size) for start in range(0, length, size))
