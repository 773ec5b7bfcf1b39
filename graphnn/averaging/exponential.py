"""exponential: an exponential moving average, kept apart from the weights."""

from graphnn.averaging.base import AVERAGINGS, Averaging
from graphnn.frozen_dataclass import frozen_dataclass


@AVERAGINGS.register
@frozen_dataclass(kw_only=True)
class ExponentialAveraging(Averaging):
    """An exponential moving average: d = min(decay, (1 + k)/(10 + k)) at the k-th averaging, k = 1, 2, ….

    Source: Polyak & Juditsky 1992, "Acceleration of stochastic approximation by averaging"; the warm-up is that of
    TensorFlow's ExponentialMovingAverage.
    """

    type = "exponential"
    separate = True
    decay: float = 0.999
    every: int = 1

    def factor(self, done: int, total_steps: int) -> float:
        count = done // self.every
        return min(self.decay, (1 + count) / (10 + count))
