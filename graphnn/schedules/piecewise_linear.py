"""piecewise_linear: linear interpolation between given points."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from graphnn.schedules.base import SCHEDULES, Schedule


@SCHEDULES.register
@dataclass(kw_only=True)
class PiecewiseLinear(Schedule):
    """Scale interpolated linearly between `points` (fraction of the run, scale), at t/T for step t of T.

    The fractions must increase. Before the first point and after the last, the scale is that of the point.
    """

    type = "piecewise_linear"
    points: Sequence[Sequence[float]]

    def scale(self, step: int, steps_per_epoch: int, total_steps: int) -> float:
        fractions, scales = zip(*self.points, strict=True)
        return float(np.interp(step / total_steps, fractions, scales))
