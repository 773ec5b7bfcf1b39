"""step: a drop after every few epochs."""

import math
from dataclasses import dataclass

from graphnn.schedules.base import SCHEDULES, WarmedSchedule


@SCHEDULES.register
@dataclass(kw_only=True)
class Step(WarmedSchedule):
    """Multiplied by `factor` after every `every` epochs: factor^⌊epoch / every⌋."""

    type = "step"
    every: int
    factor: float = 0.1

    def settled(self, step: int, steps_per_epoch: int, done: float) -> float:
        return math.pow(self.factor, step // steps_per_epoch // self.every)
