"""Makes the optimizer, its groups and its schedule from the sections of a document."""

from collections.abc import Mapping, Sequence
from typing import Any

from graphnn.optimizers.base import OPTIMIZERS, Optimizer
from graphnn.optimizers.groups import ParameterGroup
from graphnn.schedules.base import SCHEDULES, Schedule
from graphnn.specification.sections import Section


def optimizer_from(section: Section) -> Optimizer:
    """Return the optimizer of a document's section, without its schedule and its groups."""
    options = {name: value for name, value in section.options.items() if name not in ("schedule", "groups")}
    optimizer: Optimizer = OPTIMIZERS[section.type].from_checked(**options)
    return optimizer


def slots_of(section: Section) -> tuple[str, ...]:
    """Return the names of the vectors that the optimizers of a document's section keep."""
    groups: Sequence[Mapping[str, Any]] = section.options.get("groups", ())
    sections = (section, *(group["optimizer"] for group in groups if "optimizer" in group))
    return tuple(dict.fromkeys(slot for each in sections for slot in OPTIMIZERS[each.type].slots))


def schedule_from(section: Section | None) -> Schedule:
    """Return the schedule of a document's section; constant where there is none."""
    options: Mapping[str, object] = {} if section is None else section.options
    schedule: Schedule = SCHEDULES["constant" if section is None else section.type].from_checked(**options)
    return schedule


def groups_from(section: Section) -> tuple[ParameterGroup, ...]:
    """Return the groups in a document's optimizer section."""
    return tuple(
        ParameterGroup(
            match=values["match"],
            learning_rate_scale=values["learning_rate_scale"],
            weight_decay_scale=values.get("weight_decay_scale"),
            optimizer=optimizer_from(values["optimizer"]) if "optimizer" in values else None,
            schedule=schedule_from(values["schedule"]) if "schedule" in values else None,
        )
        for values in section.options.get("groups", ())
    )
