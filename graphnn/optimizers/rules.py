"""How each parameter is trained, where a network has groups of parameters: the rule of each group, and of the rest."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from graphnn.optimizers.base import Optimizer
from graphnn.optimizers.groups import ParameterGroup, members
from graphnn.parameters.parameter import Role
from graphnn.schedules.base import Schedule

REST = ParameterGroup(match="*")  # stands for the parameters that are in no group


@dataclass(frozen=True)
class Rule:
    """How the parameters of one group are trained, or those that are in none.

    optimizer: that of the group, or the common one. learning_rate: where the schedule's factor is 1. schedule: that of
    the group; None: the common one.
    """

    group: ParameterGroup
    optimizer: Optimizer

    @property
    def learning_rate(self) -> float:
        """The optimizer's learning rate, scaled by the group."""
        return self.group.learning_rate_scale * self.optimizer.learning_rate

    @property
    def schedule(self) -> Schedule | None:
        """The schedule of the group."""
        return self.group.schedule

    def weight_decay(self, role: Role) -> float:
        """Return the weight decay of a parameter with this role; a group that scales it gives it to all of its own."""
        scale = self.group.weight_decay_scale
        return self.optimizer.decay(role) if scale is None else scale * self.optimizer.decay(Role.WEIGHT)


def rules(common: Optimizer, groups: Sequence[ParameterGroup] = ()) -> tuple[Rule, ...]:
    """Return the rule of the parameters that are in no group, then that of each group."""
    return tuple(Rule(group, group.optimizer or common) for group in (REST, *groups))


def rule_numbers(groups: Sequence[ParameterGroup], names: Iterable[str]) -> list[int]:
    """Return, for each parameter by its name 'layer/parameter', the number of its rule in what `rules` returns."""
    numbers = members([group.match for group in groups], names)
    return [0 if number is None else 1 + number for number in numbers]
