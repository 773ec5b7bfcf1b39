"""Lion: steps of one size, by the sign of a running mean of the gradient."""

from collections.abc import Sequence

import numpy as np

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.optimizers.base import OPTIMIZERS, ElementwiseOptimizer
from graphnn.types import Array


@OPTIMIZERS.register
@frozen_dataclass
class Lion(ElementwiseOptimizer):
    """Evolved sign momentum: c = β₁m + (1 − β₁)g, P ← P − α(sign(c) + λP), m ← β₂m + (1 − β₂)g, with sign(0) = 0.

    Every element of P changes by α, whatever the size of the gradient; so a good learning rate is 3 to 10 times smaller
    than with Adam, and the weight decay as many times larger. Source: Chen et al. 2023, "Symbolic discovery of
    optimization algorithms", algorithm 2; section 5 for the rates.
    """

    slots = ("mean",)
    learning_rate: float = 0.0001
    beta_1: float = 0.9
    beta_2: float = 0.99

    def update_block(
        self, P: Array, g: Array, state: Sequence[Array], learning_rate: float, step: int, weight_decay: float
    ) -> None:
        (mean,) = state
        change = self.beta_1 * mean
        change += (1 - self.beta_1) * g
        np.sign(change, out=change)
        change *= learning_rate
        if weight_decay:
            P *= 1 - learning_rate * weight_decay
        P -= change
        mean *= self.beta_2
        g *= 1 - self.beta_2
        mean += g
