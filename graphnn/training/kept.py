"""The values that a run validates, and those it keeps at the end: the trained ones, an average, or the best epoch's."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

from graphnn.averaging.base import Averaging
from graphnn.parameters.parameters import Parameters
from graphnn.training.average import Average
from graphnn.training.history import Record
from graphnn.training.monitor import Watch
from graphnn.training.second_values import SecondValues
from graphnn.types import Array

BEST = "best/"  # the start of the names of the best epoch's arrays in a checkpoint


class Kept:
    """The values that a run has in addition to those it trains: an average, and those of the best epoch.

    averaging: of the weights over the steps. keep_best: the validation figure by which the best epoch is chosen, whose
    values are kept at the end. best: the watch over that figure.
    """

    def __init__(self, parameters: Parameters, averaging: Averaging | None, keep_best: str | None) -> None:
        self._average = None if averaging is None else Average(averaging, parameters)
        self.best = None if keep_best is None else Watch(keep_best)
        self._best_values = None if keep_best is None else SecondValues(parameters)

    @property
    def depends_on_length(self) -> bool:
        """Whether the values after a step depend on the length of the run."""
        return self._average is not None and not self._average.averaging.separate

    @property
    def record(self) -> Record | None:
        """The record of the best epoch so far; None where the values of the last epoch are kept."""
        return None if self.best is None else self.best.best

    @property
    def arrays(self) -> dict[str, Array]:
        """The arrays that a checkpoint saves and restores in place."""
        average = {} if self._average is None else self._average.arrays
        best = {} if self._best_values is None else self._best_values.arrays
        return {f"average/{name}": each for name, each in average.items()} | {
            f"{BEST}{name}": each for name, each in best.items()
        }

    def named_averages(self) -> Mapping[str, Array]:
        """Return the averages, flat, by the names of the parameters; nothing where none is kept."""
        return {} if self._average is None else self._average.values.named()

    def begin(self) -> None:
        """Start an average from the network's initial values."""
        if self._average is not None:
            self._average.begin()

    def step_done(self, done: int, total_steps: int) -> None:
        """Average, if that is due after `done` steps."""
        if self._average is not None:
            self._average.step_done(done, total_steps)

    def epoch_done(self, record: Record) -> None:
        """Copy the validated values, if the epoch is the best so far."""
        if self.best is not None and self._best_values is not None and self.best.observe(record):
            with self.validated():
                self._best_values.take()

    def restart(self, history: Sequence[Record]) -> None:
        """Go on after the epochs of a history; restoring the arrays is left to the caller."""
        if self.best is not None:
            self.best.restart(history)

    def validated(self) -> AbstractContextManager[None]:
        """Return a context in which the network has the values to validate: a separate average, or the trained ones."""
        return exchanged(self._validated)

    def final(self) -> AbstractContextManager[None]:
        """Return a context in which the network has the values that would be kept if the run ended now."""
        return exchanged(self._final)

    def settle(self) -> None:
        """Give the network the values to keep, for good; the run cannot go on after it."""
        if self._final is not None:
            self._final.put()

    @property
    def _validated(self) -> SecondValues | None:
        return self._average.values if self._average is not None and self._average.averaging.separate else None

    @property
    def _final(self) -> SecondValues | None:
        return self._validated if self.record is None else self._best_values


def exchanged(values: SecondValues | None) -> AbstractContextManager[None]:
    """Return a context in which the network has these values; for None, it keeps its values."""
    return nullcontext() if values is None else exchanging(values)


@contextmanager
def exchanging(values: SecondValues) -> Iterator[None]:
    """Exchange the network's values with `values`, and exchange them back at the end."""
    values.exchange()
    try:
        yield
    finally:
        values.exchange()
