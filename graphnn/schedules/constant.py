"""constant: no change but the warm-up."""

from dataclasses import dataclass

from graphnn.schedules.base import SCHEDULES, WarmedSchedule


@SCHEDULES.register
@dataclass(kw_only=True)
class Constant(WarmedSchedule):
    """The learning rate as it stands."""

    type = "constant"

    def settled(self, step: int, steps_per_epoch: int, done: float) -> float:
        return 1.0
