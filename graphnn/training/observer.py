"""The protocols of objects that are notified of the progress of training, or that may stop it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from graphnn.training.history import Record

if TYPE_CHECKING:
    from graphnn.training.trainer import Trainer

Stop = Callable[[], bool]


def never() -> bool:
    """Return False: a `stop` that lets training go on."""
    return False


class Observer(Protocol):
    """An object that is notified of the progress of training."""

    def step_done(self, trainer: "Trainer") -> None:
        """Called after each step; `trainer.step` of `trainer.steps_in_epoch` steps are finished."""

    def epoch_done(self, trainer: "Trainer", record: Record) -> None:
        """Called after each epoch, with its record; the trainer's state is that at the beginning of the next epoch."""


class Silent:
    """An observer that does nothing."""

    def step_done(self, trainer: "Trainer") -> None:
        """Do nothing."""

    def epoch_done(self, trainer: "Trainer", record: Record) -> None:
        """Do nothing."""
