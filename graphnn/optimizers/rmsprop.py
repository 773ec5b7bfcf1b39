"""RMSprop: steps divided by the recent magnitude of the gradient."""

from collections.abc import Sequence

import numpy as np

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.optimizers.base import OPTIMIZERS, ElementwiseOptimizer
from graphnn.types import Array


@OPTIMIZERS.register
@frozen_dataclass
class RMSprop(ElementwiseOptimizer):
    """Steps divided by the recent magnitude of the gradient: v ← ρv + (1 − ρ)g², P ← P − αg / (√v + ε).

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
