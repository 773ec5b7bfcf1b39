"""Learning-rate schedules: the factor on the optimizer's learning rate at each step."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np


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


@dataclass(kw_only=True)
class Constant(WarmedSchedule):
    """The learning rate as it stands."""

    type = "constant"

    def settled(self, step: int, steps_per_epoch: int, done: float) -> float:
        return 1.0


@dataclass(kw_only=True)
class Step(WarmedSchedule):
    """Multiplied by `factor` after every `every` epochs: factor^⌊epoch / every⌋."""

    type = "step"
    every: int
    factor: float = 0.1

    def settled(self, step: int, steps_per_epoch: int, done: float) -> float:
        return math.pow(self.factor, step // steps_per_epoch // self.every)


@dataclass(kw_only=True)
class Cosine(WarmedSchedule):
    """Half a cosine after the warm-up: f + (1 − f)·(1 + cos πs)/2 with f = `final_scale`, s = the part that is over.

    Source: Loshchilov & Hutter 2017, "SGDR: stochastic gradient descent with warm restarts", section 3; no restarts.
    """

    type = "cosine"
    final_scale: float = 0.0

    def settled(self, step: int, steps_per_epoch: int, done: float) -> float:
        return self.final_scale + (1 - self.final_scale) * (1 + math.cos(math.pi * done)) / 2


@dataclass(kw_only=True)
class OneCycle(Schedule):
    """Linear from `start_scale` up to 1, then linear down to `final_scale`, which the step after the last would have.

    The top lies at `peak`, a part of the run, or after `warmup_epochs` where that is given.
    Source: Smith & Topin 2018, "Super-convergence", section 3, without its last phase.
    """

    type = "one_cycle"
    start_scale: float = 0.1
    peak: float = 0.25
    warmup_epochs: float | None = None
    final_scale: float = 0.0

    def scale(self, step: int, steps_per_epoch: int, total_steps: int) -> float:
        top = self.peak * total_steps if self.warmup_epochs is None else self.warmup_epochs * steps_per_epoch
        if step < top:
            return self.start_scale + (1 - self.start_scale) * step / top
        return 1 + (self.final_scale - 1) * progress(step, top, total_steps)


@dataclass(kw_only=True)
class ReduceOnPlateau(WarmedSchedule):
    """Multiplied by `factor`, never below `min_scale`, after `patience` epochs in a row without a new lowest loss."""

    type = "reduce_on_plateau"
    factor: float = 0.1
    patience: int = 3
    min_scale: float = 0.001
    reduced: float = field(default=1.0, init=False)
    lowest: float | None = field(default=None, init=False)
    waited: int = field(default=0, init=False)

    def settled(self, step: int, steps_per_epoch: int, done: float) -> float:
        return self.reduced

    def observe(self, loss: float) -> None:
        if self.lowest is None or loss < self.lowest:
            self.lowest, self.waited = float(loss), 0
            return
        self.waited += 1
        if self.waited >= self.patience:
            self.reduced, self.waited = max(self.reduced * self.factor, self.min_scale), 0

    def state(self) -> dict[str, Any]:
        return {"reduced": self.reduced, "lowest": self.lowest, "waited": self.waited}

    def restore(self, state: dict[str, Any]) -> None:
        self.reduced, self.lowest, self.waited = state["reduced"], state["lowest"], state["waited"]


@dataclass(kw_only=True)
class PiecewiseLinear(Schedule):
    """Straight lines between `points` (fraction of the run, factor): step t of T has the factor of the line at t/T.

    Fractions rise. Before the first and after the last point the factor stays.
    """

    type = "piecewise_linear"
    points: Sequence[Sequence[float]]

    def scale(self, step: int, steps_per_epoch: int, total_steps: int) -> float:
        fractions, factors = zip(*self.points, strict=True)
        return float(np.interp(step / total_steps, fractions, factors))


def progress(step: int, start: float, end: float) -> float:
    """Return how much of the way from start to end is over at `step`: 0…1."""
    if step < start:
        return 0.0
    return min(1.0, (step - start) / (end - start)) if start < end else 1.0


SCHEDULES: dict[str, type[Any]] = {
    schedule.type: schedule for schedule in (Constant, Step, Cosine, OneCycle, ReduceOnPlateau, PiecewiseLinear)
}
