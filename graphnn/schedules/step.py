"""step: a drop at regular intervals."""

import math
from dataclasses import dataclass

from graphnn.schedules.base import SCHEDULES, WarmupSchedule


@SCHEDULES.register
@dataclass(kw_only=True)
class Step(WarmupSchedule):
    """Scale multiplied by `factor` every `every` epochs: factor^⌊epoch / every⌋."""

    type = "step"
    every: int
    factor: float = 0.1

    def base_scale(self, step: int, steps_per_epoch: int, done: float) -> float:
        return math.pow(self.factor, step // steps_per_epoch // self.every)
