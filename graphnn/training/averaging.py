"""Averages of the weights over the steps of a run."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from graphnn.errors import DataError
from graphnn.parameters.parameters import Parameters
from graphnn.specification.spec import Section
from graphnn.training.second_values import SecondValues
from graphnn.types import Array


@dataclass(frozen=True, kw_only=True)
class Averaging(ABC):
    """One way to average; its fields are the properties of its definition in the schema.

    The average a, of parameters and running statistics w, starts as the initial values; every `every` steps
    a ← d·a + (1 − d)·w. beside: whether a stands beside w and is what is validated and kept; otherwise w ← a after
    each averaging, and after the last step of a run that does not stop early.
    """

    type: ClassVar[str]
    beside: ClassVar[bool]
    every: int

    @abstractmethod
    def factor(self, done: int, total_steps: int) -> float:
        """Return d at the averaging after `done` of a run's `total_steps`."""


@dataclass(frozen=True, kw_only=True)
class ExponentialAveraging(Averaging):
    """An exponential moving average: d = min(decay, (1 + k)/(10 + k)) at the k-th averaging, k = 1, 2, ….

    Source: Polyak & Juditsky 1992, "Acceleration of stochastic approximation by averaging"; the warm-up is that of
    TensorFlow's ExponentialMovingAverage.
    """

    type = "exponential"
    beside = True
    decay: float = 0.999
    every: int = 1

    def factor(self, done: int, total_steps: int) -> float:
        count = done // self.every
        return min(self.decay, (1 + count) / (10 + count))


@dataclass(frozen=True, kw_only=True)
class Lookahead(Averaging):
    """Fast weights that return to slow ones: d = decay^every·(t/T)³ after t of T steps.

    All parameters return, those too that no step changes any more from some epoch on.

    Source: Zhang et al. 2019, "Lookahead optimizer: k steps forward, 1 step back"; d: Jordan 2024, "94 % on CIFAR-10
    in 3.29 seconds on a single GPU", section 3.4.
    """

    type = "lookahead"
    beside = False
    every: int = 5
    decay: float = 0.95

    def factor(self, done: int, total_steps: int) -> float:
        scale: float = self.decay**self.every
        return scale * (done / total_steps) ** 3


AVERAGINGS: dict[str, type[Any]] = {averaging.type: averaging for averaging in (ExponentialAveraging, Lookahead)}


class Average:
    """An average at work on the parameters of one network.

    Its numbers are all its state: which averaging is due follows from the number of steps that are done.
    """

    def __init__(self, averaging: Averaging, parameters: Parameters) -> None:
        self.averaging, self.values = averaging, SecondValues(parameters)

    def begin(self) -> None:
        """Start from the network's values."""
        self.values.take()

    def step_done(self, done: int, total_steps: int) -> None:
        """Average, where that is due after so many steps."""
        if done % self.averaging.every == 0:
            self.values.mix(self.averaging.factor(done, total_steps), back=not self.averaging.beside)
        if done == total_steps and not self.averaging.beside:
            self.values.put()

    @property
    def arrays(self) -> Mapping[str, Array]:
        """What a checkpoint saves, and writes back in place."""
        return self.values.arrays


def averaging_from(section: Section | None) -> Averaging | None:
    """Return the averaging of a document's section; None where there is none."""
    if section is None:
        return None
    averaging: Averaging = AVERAGINGS[section.type](**section.options)
    return averaging


def check_averaging(averaging: Averaging | None, total_steps: int) -> None:
    """Raise DataError where an averaging is asked for that never comes in a run of so many steps."""
    if averaging is not None and averaging.every > total_steps:
        raise DataError(
            f"averaging every {averaging.every} steps never comes in a run of {total_steps}; train longer, "
            f"in smaller batches, or write a training.averaging.every of {total_steps} or less"
        )
