"""piecewise_linear: straight lines between points."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from graphnn.schedules.base import SCHEDULES, Schedule


@SCHEDULES.register
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
