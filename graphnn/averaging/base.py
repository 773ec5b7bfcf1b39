"""The base class of weight averaging methods, and their registry."""

from abc import ABC, abstractmethod
from operator import attrgetter
from typing import ClassVar

from graphnn.errors import DataError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.registry import Registry
from graphnn.specification.describable import Describable, check_built_in
from graphnn.specification.sections import Section


@frozen_dataclass(kw_only=True)
class Averaging(Describable, ABC):
    """A method of weight averaging; its fields are the properties of its definition in the schema.

    The average a starts at the initial values of w, the parameters and running statistics. Every `every` steps it
    becomes d·a + (1 − d)·w. separate: if true, a is kept apart from w, and a is validated and saved; if false,
    w ← a after each averaging, and after the last step of a run that does not stop early.
    """

    type: ClassVar[str]
    separate: ClassVar[bool]
    every: int

    def _check_settings(self) -> None:
        check_built_in(self, "averaging", AVERAGINGS)

    @abstractmethod
    def factor(self, done: int, total_steps: int) -> float:
        """Return d for the averaging after `done` of the `total_steps` of a run."""


AVERAGINGS: Registry[type[Averaging]] = Registry("averaging", "graphnn.averaging", name_of=attrgetter("type"))


def averaging_from(section: Section | None) -> Averaging | None:
    """Return the averaging that a document's section describes; None where there is no section."""
    if section is None:
        return None
    averaging: Averaging = AVERAGINGS[section.type].from_checked(**section.options)
    return averaging


def check_averaging(averaging: Averaging | None, total_steps: int) -> None:
    """Raise DataError where a run of `total_steps` is too short for a single averaging."""
    if averaging is not None and averaging.every > total_steps:
        raise DataError(
            f"averaging every {averaging.every} steps never happens in a run of {total_steps}; train longer, "
            f"in smaller batches, or write a training.averaging.every of {total_steps} or less"
        )
