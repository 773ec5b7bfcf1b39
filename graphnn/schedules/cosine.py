"""cosine: half a cosine down to the end."""

import math
from dataclasses import dataclass

from graphnn.schedules.base import SCHEDULES, WarmedSchedule


@SCHEDULES.register
@dataclass(kw_only=True)
class Cosine(WarmedSchedule):
    """Half a cosine after the warm-up: f + (1 − f)·(1 + cos πs)/2 with f = `final_scale`, s = the part that is over.

    Source: Loshchilov & Hutter 2017, "SGDR: stochastic gradient descent with warm restarts", section 3; no restarts.
    """

    type = "cosine"
    final_scale: float = 0.0

    def settled(self, step: int, steps_per_epoch: int, done: float) -> float:
        return self.final_scale + (1 - self.final_scale) * (1 + math.cos(math.pi * done)) / 2
