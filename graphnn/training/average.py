"""An average of the weights at work on the parameters of one network."""

from collections.abc import Mapping

from graphnn.averaging.base import Averaging
from graphnn.parameters.parameters import Parameters
from graphnn.training.second_values import SecondValues
from graphnn.types import Array


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
