"""Who is told how training goes on, and who may stop it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from graphnn.training.history import Record

if TYPE_CHECKING:
    from graphnn.training.trainer import Trainer

Stop = Callable[[], bool]


def never() -> bool:
    """Go on: for `stop`."""
    return False


class Observer(Protocol):
    """Who is told how training goes on."""

    def step_done(self, trainer: "Trainer") -> None:
        """Hear that a step is over; `trainer.step` of `trainer.steps_in_epoch` are done."""

    def epoch_done(self, trainer: "Trainer", record: Record) -> None:
        """Hear that an epoch is over; the trainer's state is that of an epoch's beginning."""


class Silent:
    """An observer with nothing to do."""

    def step_done(self, trainer: "Trainer") -> None:
        """Do nothing."""

    def epoch_done(self, trainer: "Trainer", record: Record) -> None:
        """Do nothing."""
