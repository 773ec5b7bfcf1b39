"""one_cycle: up, then down."""

from dataclasses import dataclass

from graphnn.schedules.base import SCHEDULES, Schedule, progress


@SCHEDULES.register
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
