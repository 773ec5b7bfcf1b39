"""Adam: steps scaled by running means of the gradient and of its square."""

import math
from collections.abc import Sequence

import numpy as np

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.optimizers.base import OPTIMIZERS, ElementwiseOptimizer
from graphnn.types import Array


@OPTIMIZERS.register
@frozen_dataclass
class Adam(ElementwiseOptimizer):
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
        """Update P, mean and square; √v̂ + ε is computed as (√v + ε√c)/√c with c = 1 − β₂ᵗ, which saves one pass."""
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
