"""The optimizers: how parameters follow their gradients, in place on flat vectors."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import numpy as np

from graphnn.errors import ShapeError
from graphnn.shared_memory import shared_zeros
from graphnn.types import Array, Shape, shape_text

BLOCK = 16384  # elements; all of a block's arrays stay in the second-level cache while its passes run


@dataclass(frozen=True)
class Optimizer(ABC):
    """One update rule; its fields are the properties of its definition in the schema, but for `schedule`.

    weight_decay λ adds λP to the gradient (AdamW decays apart), on weights only unless `decay_biases`. clip_norm scales
    the whole gradient down to that norm where it is longer.
    """

    slots: ClassVar[tuple[str, ...]] = ()  # the names of the vectors of its state, which start at 0

    learning_rate: float = 0.01
    weight_decay: float = field(default=0.0, kw_only=True)
    decay_biases: bool = field(default=False, kw_only=True)
    clip_norm: float | None = field(default=None, kw_only=True)

    @property
    def type(self) -> str:
        """The `type` in the document: the name of the class."""
        return type(self).__name__

    def update(
        self,
        parameter: Array,
        gradient: Array,
        state: Mapping[str, Array],
        *,
        learning_rate: float,
        step: int,
        decay: bool,
    ) -> None:
        """Change the flat `parameter` and its state in place; `gradient` is overwritten.

        step: 1 for the first update. decay: whether weight_decay is in force for this vector.
        """
        weight_decay = self.weight_decay if decay else 0.0
        for block in blocks(len(parameter)):
            own = [state[slot][block] for slot in self.slots]
            self.update_block(parameter[block], gradient[block], own, learning_rate, step, weight_decay)

    @abstractmethod
    def update_block(
        self, P: Array, g: Array, state: Sequence[Array], learning_rate: float, step: int, weight_decay: float
    ) -> None:
        """Update one block of the parameter and, in the order of `slots`, of its state; may overwrite g."""

    def get_parameter_updater(self, shape: Shape) -> Callable[[Array, Array], Array]:
        """Return `updater(parameter, gradient) -> new parameter` for one array of `shape`, with a state of its own.

        The arguments stay as they are; the computation is in float64. An array of two axes or more counts as weights
        for the decay, and clip_norm clips the norm of this gradient alone. Raises ShapeError.
        """
        size = math.prod(shape)
        state = {slot: np.zeros(size) for slot in self.slots}
        steps = 0

        def updater(parameter: Array, gradient: Array) -> Array:
            nonlocal steps
            for name, array in (("parameter", parameter), ("gradient", gradient)):
                if np.shape(array) != tuple(shape):
                    raise ShapeError(f"this updater is for {shape_text(shape)}, not a {name} of {np.shape(array)}")
            steps += 1
            new, g = np.array(parameter, np.float64).ravel(), np.array(gradient, np.float64).ravel()
            clip(g, self.clip_norm)
            decay = self.decay_biases or len(shape) > 1
            self.update(new, g, state, learning_rate=self.learning_rate, step=steps, decay=decay)
            return new.reshape(shape).astype(np.result_type(parameter, np.float32), copy=False)

        return updater


@dataclass(frozen=True)
class SGD(Optimizer):
    """Stochastic gradient descent: P ← P − αg."""

    def update_block(
        self, P: Array, g: Array, state: Sequence[Array], learning_rate: float, step: int, weight_decay: float
    ) -> None:
        if weight_decay:
            P *= 1 - learning_rate * weight_decay
        g *= learning_rate
        P -= g


@dataclass(frozen=True)
class SGDMomentum(Optimizer):
    """Gradient descent with inertia: I ← βI + αg, P ← P − I; with `nesterov` P ← P − (βI + αg), I the new one."""

    slots = ("inertia",)
    momentum: float = 0.9
    nesterov: bool = False

    def update_block(
        self, P: Array, g: Array, state: Sequence[Array], learning_rate: float, step: int, weight_decay: float
    ) -> None:
        (inertia,) = state
        if weight_decay:
            g += weight_decay * P
        g *= learning_rate
        inertia *= self.momentum
        inertia += g
        if self.nesterov:
            g += self.momentum * inertia
            P -= g
        else:
            P -= inertia


@dataclass(frozen=True)
class Adam(Optimizer):
    """Adaptive moments: m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², P ← P − α m̂ / (√v̂ + ε).

    m̂ = m/(1 − β₁ᵗ), v̂ = v/(1 − β₂ᵗ) at step t. Source: Kingma & Ba 2015, "Adam", algorithm 1.
    """

    slots = ("mean", "square")
    learning_rate: float = 0.001
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    def update_block(
        self, P: Array, g: Array, state: Sequence[Array], learning_rate: float, step: int, weight_decay: float
    ) -> None:
        mean, square = state
        if weight_decay:
            g += weight_decay * P
        self.adapt(P, g, mean, square, learning_rate, step)

    def adapt(self, P: Array, g: Array, mean: Array, square: Array, learning_rate: float, step: int) -> None:
        """Apply the formula, with √v̂ + ε taken as (√v + ε√c)/√c where c = 1 − β₂ᵗ: one pass less."""
        root = math.sqrt(1 - self.beta_2**step)
        mean *= self.beta_1
        mean += (1 - self.beta_1) * g
        g *= g
        g *= 1 - self.beta_2
        square *= self.beta_2
        square += g
        np.sqrt(square, out=g)
        g += self.epsilon * root
        np.divide(mean, g, out=g)
        g *= learning_rate * root / (1 - self.beta_1**step)
        P -= g


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with decoupled decay: P ← P − αλP first, then Adam's step with the bare gradient.

    Source: Loshchilov & Hutter 2019, "Decoupled weight decay regularization", algorithm 2 with the rate inside.
    """

    weight_decay: float = field(default=0.01, kw_only=True)

    def update_block(
        self, P: Array, g: Array, state: Sequence[Array], learning_rate: float, step: int, weight_decay: float
    ) -> None:
        mean, square = state
        if weight_decay:
            P *= 1 - learning_rate * weight_decay
        self.adapt(P, g, mean, square, learning_rate, step)


@dataclass(frozen=True)
class RMSprop(Optimizer):
    """Steps divided by the recent size of the gradient: v ← ρv + (1 − ρ)g², P ← P − αg / (√v + ε).

    Source: Tieleman & Hinton 2012, "Neural networks for machine learning", lecture 6.5.
    """

    slots = ("square",)
    learning_rate: float = 0.001
    rho: float = 0.9
    epsilon: float = 1e-8

    def update_block(
        self, P: Array, g: Array, state: Sequence[Array], learning_rate: float, step: int, weight_decay: float
    ) -> None:
        (square,) = state
        if weight_decay:
            g += weight_decay * P
        work = g * g
        work *= 1 - self.rho
        square *= self.rho
        square += work
        np.sqrt(square, out=work)
        work += self.epsilon
        g *= learning_rate
        g /= work
        P -= g


class Vectors(Protocol):
    """What an Updater needs of graphnn.parameters.Parameters."""

    vector: Array
    gradient: Array
    weights_end: int


class Updater:
    """An optimizer at work on the parameters of one network.

    state: the vectors that the optimizer keeps, by slot, and steps: the number of updates so far; a checkpoint saves
    both and writes them back in place.
    """

    def __init__(self, optimizer: Optimizer, parameters: Vectors) -> None:
        self.optimizer = optimizer
        self.parameters = parameters
        self.steps = 0
        size, dtype = parameters.vector.size, parameters.vector.dtype
        self.state: dict[str, Array] = {slot: shared_zeros(size, dtype) for slot in optimizer.slots}

    def step(self, learning_rate: float) -> None:
        """Update the parameters by their gradient, which is overwritten."""
        self.begin()
        self.update(0, self.parameters.vector.size, learning_rate, self.steps)

    def begin(self) -> None:
        """Count a step, and clip the gradient; then `update` every stretch of the vectors once, in any order."""
        self.steps += 1
        clip(self.parameters.gradient, self.optimizer.clip_norm)

    def update(self, start: int, end: int, learning_rate: float, step: int) -> None:
        """Update the parameters from `start` to `end`, of which only weights decay unless `decay_biases`."""
        weights_end = end if self.optimizer.decay_biases else min(max(start, self.parameters.weights_end), end)
        if not self.optimizer.weight_decay:
            weights_end = end
        for part, decay in ((slice(start, weights_end), True), (slice(weights_end, end), False)):
            if part.start < part.stop:
                vector, gradient = self.parameters.vector[part], self.parameters.gradient[part]
                state = {slot: array[part] for slot, array in self.state.items()}
                self.optimizer.update(vector, gradient, state, learning_rate=learning_rate, step=step, decay=decay)


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


OPTIMIZERS: dict[str, type[Any]] = {
    optimizer.__name__: optimizer for optimizer in (SGD, SGDMomentum, Adam, AdamW, RMSprop)
}
