"""The rules by which an Updater trains parameters: one for each group, and one for the parameters in no group."""

from collections.abc import Iterable, Sequence

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.optimizers.base import Optimizer
from graphnn.optimizers.groups import ParameterGroup, members
from graphnn.parameters.parameter import Role
from graphnn.schedules.base import Schedule

REST = ParameterGroup(match="*")  # the parameters that are in no group


@frozen_dataclass
class Rule:
    """How the parameters of one group, or those in no group, are trained.

    optimizer: of the group, else of the network. learning_rate: where the factor of the schedule is 1. schedule: of the
    group; None for that of the network.
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
        """Return the weight decay of a parameter with this role; with a weight_decay_scale, that of weights for all."""
        scale = self.group.weight_decay_scale
        return self.optimizer.decay(role) if scale is None else scale * self.optimizer.decay(Role.WEIGHT)


def rules(common: Optimizer, groups: Sequence[ParameterGroup] = ()) -> tuple[Rule, ...]:
    """Return the rule of the parameters that are in no group, then that of each group."""
    return tuple(Rule(group, group.optimizer or common) for group in (REST, *groups))


def rule_numbers(groups: Sequence[ParameterGroup], names: Iterable[str]) -> list[int]:
    """Return, for each parameter by its name 'layer/parameter', the number of its rule, its index in `rules`."""
    numbers = members([group.match for group in groups], names)
    return [0 if number is None else 1 + number for number in numbers]
