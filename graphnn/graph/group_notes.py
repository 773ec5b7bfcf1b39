"""Notes about groups, weight decay and schedules that reach no parameter, or train it as without them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from graphnn.document.document import value_at
from graphnn.graph.graph import Graph, named_parameters
from graphnn.optimizers.groups import members
from graphnn.parameters.parameter import Role
from graphnn.specification.schema_problems import Finding
from graphnn.specification.sections import Section
from graphnn.specification.spec import Spec

Group = Mapping[str, Any]
NETWORK_ONLY = ("clip_norm", "schedule", "groups")  # settings that the optimizer of a group does not have


def group_notes(spec: Spec, graph: Graph) -> Iterator[Finding]:
    """Yield the notes about what of an optimizer and its groups changes no parameter."""
    common = spec.optimizer
    groups: Sequence[Group] = common.options.get("groups", ())
    trained = {name: parameter for name, parameter in named_parameters(graph.nodes).items() if parameter.trainable}
    taken = members([group["match"] for group in groups], trained)
    roles = [parameter.role for parameter in trained.values()]
    without = [group for group in groups if "optimizer" not in group]
    reached = [
        (role, None if number is None else groups[number])
        for role, number in zip(roles, taken, strict=True)
        if number is None or groups[number] in without
    ]
    yield from decay_notes(spec, common, reached)
    scheduled = [number is not None and groups[number].get("schedule") is not None for number in taken]
    if common.options.get("schedule") is not None and scheduled and all(scheduled):
        message = "sets no learning rate, because each parameter is in a group with a schedule of its own; leave it out"
        yield Finding(common.options["schedule"].path, message)
    for index, group in enumerate(groups):
        inside = [role for role, number in zip(roles, taken, strict=True) if number == index]
        if "optimizer" in group:
            yield from decay_notes(spec, group["optimizer"], [(role, group) for role in inside])
        names = [name for name, number in zip(trained, taken, strict=True) if number == index]
        path = (*common.path, "groups", index)
        if group.get("weight_decay_scale") == 0 and decays_alike(group, group.get("optimizer") or common, inside):
            message = "nothing in this group decays anyway, because weight_decay is for weights alone; leave it out"
            yield Finding((*path, "weight_decay_scale"), message)
        elif reached and is_idle(group, common, inside) and not is_taken_by(groups[index + 1 :], names):
            message = "its parameters are trained as without it; give it a learning_rate_scale, or leave it out"
            yield Finding(path, message)


def decay_notes(spec: Spec, optimizer: Section, reached: Sequence[tuple[Role, Group | None]]) -> Iterator[Finding]:
    """Yield a note where a weight decay, or that of biases, is for no parameter.

    reached: the role of each parameter that the optimizer trains, with its group.
    """
    decay, path = optimizer.options.get("weight_decay"), (*optimizer.path, "weight_decay")
    if not decay or not reached:  # an optimizer that trains nothing has a note of its own
        return
    if not any(decay_of(optimizer, role, group) for role, group in reached):
        if value_at(spec.document.value, path) is not None:
            message = "each of its weights is in a group with a weight_decay_scale of 0; leave it out"
            if not any(role is Role.WEIGHT for role, _ in reached):
                message = "it trains no weights, which alone decay; set decay_biases to true, or leave it out"
            yield Finding(path, f"nothing decays, because {message}")
    elif optimizer.options.get("decay_biases") and all(
        role is Role.WEIGHT or (group or {}).get("weight_decay_scale") is not None for role, group in reached
    ):
        message = "nothing more decays, because it trains no biases, scales or shifts; leave it out"
        yield Finding((*optimizer.path, "decay_biases"), message)


def decay_of(optimizer: Section, role: Role, group: Group | None) -> float:
    """Return the weight decay of a parameter with this role."""
    decay: float = optimizer.options.get("weight_decay", 0)
    scale = (group or {}).get("weight_decay_scale")
    if scale is not None:
        return float(scale * decay)
    return decay if role is Role.WEIGHT or optimizer.options.get("decay_biases") else 0


def decays_alike(group: Group, optimizer: Section, roles: Sequence[Role]) -> bool:
    """Whether there is a weight decay, and the factor of a group on it changes that of none of its parameters."""
    has_decay = bool(optimizer.options.get("weight_decay"))
    return has_decay and all(decay_of(optimizer, role, group) == decay_of(optimizer, role, None) for role in roles)


def is_idle(group: Group, common: Section, roles: Sequence[Role]) -> bool:
    """Whether a group trains its parameters just as the network's optimizer and schedule do."""
    own: Section | None = group.get("optimizer")
    if group["learning_rate_scale"] != 1 or (own is not None and settings_of(own) != settings_of(common)):
        return False
    schedule, usual = (settings_of(each.get("schedule")) for each in (group, common.options))
    if group.get("schedule") is not None and schedule != usual:
        return False
    return all(decay_of(common, role, group) == decay_of(common, role, None) for role in roles)


def settings_of(section: Section | None) -> tuple[str, Mapping[str, Any]] | None:
    """Return what an optimizer or a schedule does; None for a learning rate that stays the same."""
    if section is None or (section.type == "constant" and not section.options["warmup_epochs"]):
        return None
    return section.type, {key: value for key, value in section.options.items() if key not in NETWORK_ONLY}


def is_taken_by(groups: Sequence[Group], names: Sequence[str]) -> bool:
    """Whether one of these groups matches one of the parameters, which an earlier group keeps from it."""
    return any(number is not None for number in members([group["match"] for group in groups], names))
