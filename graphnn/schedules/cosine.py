"""cosine: a fall along half a cosine until the end of the run."""

import math
from dataclasses import dataclass

from graphnn.schedules.base import SCHEDULES, WarmupSchedule


@SCHEDULES.register
@dataclass(kw_only=True)
class Cosine(WarmupSchedule):
    """Cosine annealing after the warm-up: scale f + (1 − f)·(1 + cos πs)/2 with f = `final_scale`.

    s is the fraction of the steps after the warm-up that is over.

    Source: Loshchilov & Hutter 2017, "SGDR: stochastic gradient descent with warm restarts", section 3, without
    restarts.
    """

    type = "cosine"
    final_scale: float = 0.0

    def base_scale(self, step: int, steps_per_epoch: int, done: float) -> float:
        return self.final_scale + (1 - self.final_scale) * (1 + math.cos(math.pi * done)) / 2
