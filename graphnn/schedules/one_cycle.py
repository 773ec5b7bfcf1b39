"""one_cycle: a linear rise, then a linear fall."""

from dataclasses import dataclass

from graphnn.schedules.base import SCHEDULES, Schedule, progress


@SCHEDULES.register
@dataclass(kw_only=True)
class OneCycle(Schedule):
    """Scale rising linearly from `start_scale` to 1, then falling linearly to `final_scale` at the end of the run.

    It is 1 after the fraction `peak` of the run, or after `warmup_epochs` where that is given. `final_scale` is the
    value for the step after the last one.
    Source: Smith & Topin 2018, "Super-convergence", section 3, without the last phase.
    """

    type = "one_cycle"
    start_scale: float = 0.1
    peak: float = 0.25
    warmup_epochs: float | None = None
    final_scale: float = 0.0

    def scale(self, step: int, steps_per_epoch: int, total_steps: int) -> float:
        peak = self.peak * total_steps if self.warmup_epochs is None else self.warmup_epochs * steps_per_epoch
        if step < peak:
            return self.start_scale + (1 - self.start_scale) * step / peak
        return 1 + (self.final_scale - 1) * progress(step, peak, total_steps)
