"""SGD: plain gradient descent."""

from collections.abc import Sequence

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.optimizers.base import OPTIMIZERS, ElementwiseOptimizer
from graphnn.types import Array


@OPTIMIZERS.register
@frozen_dataclass
class SGD(ElementwiseOptimizer):
    """Stochastic gradient descent: P ← P − αg."""

    def update_block(
        self, P: Array, g: Array, state: Sequence[Array], learning_rate: float, step: int, weight_decay: float
    ) -> None:
        if weight_decay:
            P *= 1 - learning_rate * weight_decay
        g *= learning_rate
        P -= g
