"""How the parameters of a network are trained: a row for each group of the optimizer, and one for the rest."""

from collections.abc import Iterator, Sequence

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.graph import Graph, named_parameters
from graphnn.optimizers.groups import ParameterGroup
from graphnn.optimizers.rules import rule_numbers, rules
from graphnn.optimizers.sections import groups_from, optimizer_from
from graphnn.parameters.parameter import Role
from graphnn.specification.sections import Section
from graphnn.specification.spec import Spec

SHOWN_NAMES = 3  # of parameters


@frozen_dataclass
class TrainingGroup:
    """The parameters of one group, or those in no group, and how they are trained.

    match: the group's pattern; None for parameters in no group. learning_rate: where the schedule's factor is 1.
    weight_decay: of the weights, and biases_decay: of biases, scales and shifts; None where there are none.
    own_schedule: the type of the group's schedule; None where the network's applies. parameters: their names. count:
    how many numbers they have together.
    """

    match: str | None
    optimizer: str
    learning_rate: float
    weight_decay: float | None
    biases_decay: float | None
    own_schedule: str | None
    parameters: tuple[str, ...]
    count: int

    @property
    def decay_text(self) -> str:
        """The weight decay in words, "" where it is 0."""
        found = {decay for decay in (self.weight_decay, self.biases_decay) if decay is not None}
        if len(found) > 1:
            return f"{self.weight_decay:.6g} weights, {self.biases_decay:.6g} others"
        return f"{found.pop():.6g}" if any(found) else ""

    @property
    def rate_text(self) -> str:
        """The learning rate, and whether it follows the group's own schedule."""
        rate = f"{self.learning_rate:.6g}"
        return rate if self.own_schedule is None else f"{rate}, own schedule"

    @property
    def parameters_text(self) -> str:
        """The names of the parameters; of more than three the first and the last."""
        names = self.parameters
        return ", ".join(names) if len(names) <= SHOWN_NAMES else f"{names[0]} … {names[-1]}"


def training_groups(spec: Spec, graph: Graph) -> tuple[TrainingGroup, ...]:
    """Return the groups in the document's order, then the parameters in none; () where there are no groups."""
    groups = groups_from(spec.optimizer)
    return tuple(rows(spec.optimizer, groups, graph)) if groups else ()


def rows(section: Section, groups: Sequence[ParameterGroup], graph: Graph) -> Iterator[TrainingGroup]:
    """Yield a row for each group that has parameters, and for the parameters that are in none."""
    trained = {name: parameter for name, parameter in named_parameters(graph.nodes).items() if parameter.trainable}
    numbers = rule_numbers(groups, trained)
    rest, *others = enumerate(rules(optimizer_from(section), groups))
    for number, rule in (*others, rest):
        names = [name for name, found in zip(trained, numbers, strict=True) if found == number]
        if not names:
            continue
        roles = {trained[name].role for name in names}
        yield TrainingGroup(
            match=None if number == 0 else rule.group.match,
            optimizer=rule.optimizer.type,
            learning_rate=rule.learning_rate,
            weight_decay=rule.weight_decay(Role.WEIGHT) if Role.WEIGHT in roles else None,
            biases_decay=rule.weight_decay(Role.BIAS) if roles != {Role.WEIGHT} else None,
            own_schedule=None if rule.schedule is None else rule.schedule.type,
            parameters=tuple(names),
            count=sum(trained[name].size for name in names),
        )
