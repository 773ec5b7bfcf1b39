"""The base class of learning-rate schedules, and their registry."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, ClassVar

from graphnn.registry import Registry
from graphnn.specification.describable import Describable, check_built_in


@dataclass(kw_only=True)
class Schedule(Describable, ABC):
    """A learning-rate schedule: at each step the optimizer's learning rate is multiplied by the schedule's scale.

    Its fields are the properties of its definition in the schema. Steps and epochs count from the start of the run.
    """

    type: ClassVar[str]

    def _check_settings(self) -> None:
        check_built_in(self, "schedule", SCHEDULES)

    @abstractmethod
    def scale(self, step: int, steps_per_epoch: int, total_steps: int) -> float:
        """Return the scale at the 0-based `step` of a run of `total_steps`."""

    def observe(self, figures: Mapping[str, float]) -> None:
        """Take note of the figures after an epoch: of validation, or of training where there is no validation part."""

    def state(self) -> dict[str, Any]:
        """Return the state that `observe` changes, as JSON values, for a checkpoint."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Restore the state that `state` returned."""


SCHEDULES: Registry[type[Schedule]] = Registry("schedule", "graphnn.schedules", name_of=attrgetter("type"))


@dataclass(kw_only=True)
class WarmupSchedule(Schedule):
    """A schedule with a linear warm-up: in the W steps of `warmup_epochs`, step t multiplies the scale by (t + 1)/W."""

    warmup_epochs: float = 0.0

    def scale(self, step: int, steps_per_epoch: int, total_steps: int) -> float:
        warmup = self.warmup_epochs * steps_per_epoch
        rise = 1.0 if step + 1 >= warmup else (step + 1) / warmup
        return rise * self.base_scale(step, steps_per_epoch, progress(step, warmup, total_steps))

    @abstractmethod
    def base_scale(self, step: int, steps_per_epoch: int, done: float) -> float:
        """Return the scale without that of the warm-up. done: the fraction of the steps after it that is over, 0…1."""


def progress(step: int, start: float, end: float) -> float:
    """Return the fraction of the steps from `start` to `end` that is over at `step`, 0…1."""
    if step < start:
        return 0.0
    return min(1.0, (step - start) / (end - start)) if start < end else 1.0
