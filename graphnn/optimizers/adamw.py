"""AdamW: Adam with weight decay decoupled from the gradient."""

from collections.abc import Sequence
from dataclasses import field

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.optimizers.adam import Adam
from graphnn.optimizers.base import OPTIMIZERS
from graphnn.types import Array


@OPTIMIZERS.register
@frozen_dataclass
class AdamW(Adam):
    """Adam with decoupled decay: P ← P − αλP first, then Adam's step with the gradient without decay.

    Source: Loshchilov & Hutter 2019, "Decoupled weight decay regularization", algorithm 2, with α in the decay.
    """

    weight_decay: float = field(default=0.01, kw_only=True)

    def update_block(
        self, P: Array, g: Array, state: Sequence[Array], learning_rate: float, step: int, weight_decay: float
    ) -> None:
        mean, square = state
        if weight_decay:
            P *= 1 - learning_rate * weight_decay
        self.adapt(P, g, mean, square, learning_rate, step)
