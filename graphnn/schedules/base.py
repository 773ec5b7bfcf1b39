"""What a learning-rate schedule is: the factor on the optimizer's learning rate at each step."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, ClassVar

from graphnn.registry import Registry


@dataclass(kw_only=True)
class Schedule(ABC):
    """One schedule; its fields are the properties of its definition in the schema. Times count from the run's start."""

    type: ClassVar[str]

    @abstractmethod
    def scale(self, step: int, steps_per_epoch: int, total_steps: int) -> float:
        """Return the factor for the 0-based global `step` of a run of `total_steps`."""

    def observe(self, loss: float) -> None:  # noqa: B027 - most schedules have no use for it
        """Hear the loss that an epoch ended with: of the validation part, or of training where there is none."""

    def state(self) -> dict[str, Any]:
        """Return what `observe` has changed, as JSON values, for a checkpoint."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:  # noqa: B027 - most schedules have no state
        """Take back what `state` returned."""


SCHEDULES: Registry[type[Schedule]] = Registry("schedule", "graphnn.schedules", name_of=attrgetter("type"))


@dataclass(kw_only=True)
class WarmedSchedule(Schedule):
    """A schedule that first rises linearly: over W steps, `warmup_epochs` long, the factor of step t is (t + 1)/W."""

    warmup_epochs: float = 0.0

    def scale(self, step: int, steps_per_epoch: int, total_steps: int) -> float:
        warmup = self.warmup_epochs * steps_per_epoch
        rise = 1.0 if step + 1 >= warmup else (step + 1) / warmup
        return rise * self.settled(step, steps_per_epoch, progress(step, warmup, total_steps))

    @abstractmethod
    def settled(self, step: int, steps_per_epoch: int, done: float) -> float:
        """Return the factor apart from the warm-up; done: the part of the run after the warm-up that is over, 0…1."""


def progress(step: int, start: float, end: float) -> float:
    """Return how much of the way from start to end is over at `step`: 0…1."""
    if step < start:
        return 0.0
    return min(1.0, (step - start) / (end - start)) if start < end else 1.0
