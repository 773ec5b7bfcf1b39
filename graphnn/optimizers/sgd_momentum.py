"""SGDMomentum: gradient descent with inertia."""

from collections.abc import Sequence

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.optimizers.base import OPTIMIZERS, ElementwiseOptimizer
from graphnn.types import Array


@OPTIMIZERS.register
@frozen_dataclass
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
