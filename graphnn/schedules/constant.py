"""constant: no change after the warm-up."""

from dataclasses import dataclass

from graphnn.schedules.base import SCHEDULES, WarmupSchedule


@SCHEDULES.register
@dataclass(kw_only=True)
class Constant(WarmupSchedule):
    """Scale 1 after the warm-up."""

    type = "constant"

    def base_scale(self, step: int, steps_per_epoch: int, done: float) -> float:
        return 1.0
