"""reduce_on_plateau: a drop each time a figure, by default the loss, gets no better."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphnn.metrics.base import METRICS
from graphnn.schedules.base import SCHEDULES, WarmupSchedule


@SCHEDULES.register
@dataclass(kw_only=True)
class ReduceOnPlateau(WarmupSchedule):
    """Scale multiplied by `factor`, down to `min_scale`, after `patience` epochs in a row without a new best figure.

    monitor: the validation figure; without validation, that of the loss is the training loss.
    """

    type = "reduce_on_plateau"
    monitor: str = "validation_loss"
    factor: float = 0.1
    patience: int = 3
    min_scale: float = 0.001
    reduced: float = field(default=1.0, init=False)
    lowest: float | None = field(default=None, init=False)
    waited: int = field(default=0, init=False)

    def base_scale(self, step: int, steps_per_epoch: int, done: float) -> float:
        return self.reduced

    def observe(self, figures: Mapping[str, float]) -> None:
        metric = self.monitor.removeprefix("validation_")
        value = figures.get(metric, math.nan)
        value = -value if METRICS.find(metric).higher_is_better else value
        if math.isfinite(value) and (self.lowest is None or value < self.lowest):
            self.lowest, self.waited = float(value), 0
            return
        self.waited += 1
        if self.waited >= self.patience:
            self.reduced, self.waited = max(self.reduced * self.factor, self.min_scale), 0

    def state(self) -> dict[str, Any]:
        return {"reduced": self.reduced, "lowest": self.lowest, "waited": self.waited}

    def restore(self, state: dict[str, Any]) -> None:
        self.reduced, self.lowest, self.waited = state["reduced"], state["lowest"], state["waited"]
