"""What an averaging is: how the weights are averaged over the steps of a run."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from operator import attrgetter
from typing import ClassVar

from graphnn.errors import DataError
from graphnn.registry import Registry
from graphnn.specification.spec import Section


@dataclass(frozen=True, kw_only=True)
class Averaging(ABC):
    """One way to average; its fields are the properties of its definition in the schema.

    The average a, of parameters and running statistics w, starts as the initial values; every `every` steps
    a ← d·a + (1 − d)·w. beside: whether a stands beside w and is what is validated and kept; otherwise w ← a after
    each averaging, and after the last step of a run that does not stop early.
    """

    type: ClassVar[str]
    beside: ClassVar[bool]
    every: int

    @abstractmethod
    def factor(self, done: int, total_steps: int) -> float:
        """Return d at the averaging after `done` of a run's `total_steps`."""


AVERAGINGS: Registry[type[Averaging]] = Registry("averaging", "graphnn.averaging", name_of=attrgetter("type"))


def averaging_from(section: Section | None) -> Averaging | None:
    """Return the averaging of a document's section; None where there is none."""
    if section is None:
        return None
    averaging: Averaging = AVERAGINGS[section.type](**section.options)
    return averaging


def check_averaging(averaging: Averaging | None, total_steps: int) -> None:
    """Raise DataError where an averaging is asked for that never comes in a run of so many steps."""
    if averaging is not None and averaging.every > total_steps:
        raise DataError(
            f"averaging every {averaging.every} steps never comes in a run of {total_steps}; train longer, "
            f"in smaller batches, or write a training.averaging.every of {total_steps} or less"
        )
