"""SGD and SGDMomentum: gradient descent, plain and with inertia."""

from collections.abc import Sequence
from dataclasses import dataclass

from graphnn.optimizers.base import ElementwiseOptimizer
from graphnn.types import Array


@dataclass(frozen=True)
class SGD(ElementwiseOptimizer):
    """Stochastic gradient descent: P ← P − αg."""

    def update_block(
        self, P: Array, g: Array, state: Sequence[Array], learning_rate: float, step: int, weight_decay: float
    ) -> None:
        if weight_decay:
            P *= 1 - learning_rate * weight_decay
        g *= learning_rate
        P -= g


@dataclass(frozen=True)
class SGDMomentum(ElementwiseOptimizer):
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
