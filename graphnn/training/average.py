"""Averages the parameters of one network during a run."""

from collections.abc import Mapping

from graphnn.averaging.base import Averaging
from graphnn.parameters.parameters import Parameters
from graphnn.training.second_values import SecondValues
from graphnn.types import Array


class Average:
    """The average of the parameters and running statistics of one network during a run.

    Its values are its only state: when to average follows from the number of finished steps.
    """

    def __init__(self, averaging: Averaging, parameters: Parameters) -> None:
        self.averaging, self.values = averaging, SecondValues(parameters)

    def begin(self) -> None:
        """Start from the network's values."""
        self.values.take()

    def step_done(self, done: int, total_steps: int) -> None:
        """Average, if that is due after `done` steps."""
        if done % self.averaging.every == 0:
            self.values.mix(self.averaging.factor(done, total_steps), back=not self.averaging.separate)
        if done == total_steps and not self.averaging.separate:
            self.values.put()

    @property
    def arrays(self) -> Mapping[str, Array]:
        """The arrays that a checkpoint saves and restores in place."""
        return self.values.arrays
