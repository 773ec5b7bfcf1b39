"""The learning rates of a run: one for each rule of an Updater, at each step."""

from collections.abc import Mapping, Sequence
from typing import Any

from graphnn.optimizers.base import Optimizer
from graphnn.optimizers.groups import ParameterGroup
from graphnn.optimizers.rules import rules
from graphnn.schedules.base import Schedule

LOSS = "validation_loss"  # which is that of training where there is no validation part


class Rates:
    """The learning rate of each rule of an Updater at each step, from the schedules of network and groups."""

    def __init__(self, optimizer: Optimizer, schedule: Schedule, groups: Sequence[ParameterGroup] = ()) -> None:
        made = rules(optimizer, groups)
        self._rates = [(rule.learning_rate, rule.schedule or schedule) for rule in made]
        self._schedules = [schedule, *(rule.schedule for rule in made if rule.schedule is not None)]

    def at(self, step: int, steps_per_epoch: int, total_steps: int) -> tuple[float, ...]:
        """Return the rate of each rule at `step` (from 0) of a run of `total_steps`; the first is the network's."""
        return tuple(rate * schedule.scale(step, steps_per_epoch, total_steps) for rate, schedule in self._rates)

    @property
    def monitors(self) -> tuple[str, ...]:
        """The validation figures, other than the loss, that schedules watch."""
        monitors = (getattr(schedule, "monitor", LOSS) for schedule in self._schedules)
        return tuple(monitor for monitor in monitors if monitor != LOSS)

    def observe(self, figures: Mapping[str, float]) -> None:
        """Pass the figures at the end of an epoch to all schedules."""
        for schedule in self._schedules:
            schedule.observe(figures)

    def state(self) -> dict[str, Any]:
        """Return the state of the schedules, as JSON values, for a checkpoint."""
        common, *others = (schedule.state() for schedule in self._schedules)
        return {**common, "groups": others} if others else common

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore what `state` returned."""
        common = {name: value for name, value in state.items() if name != "groups"}
        for schedule, values in zip(self._schedules, [common, *state.get("groups", ())], strict=True):
            schedule.restore(values)
