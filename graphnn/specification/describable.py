"""What a document can describe: made in Python, it is held against its definition in the schema at once."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from graphnn.document.values import section_values
from graphnn.errors import SpecError
from graphnn.registry import Registry
from graphnn.specification.schema import Definition, load_schema
from graphnn.specification.schema_problems import section_problems


class Describable:
    """A dataclass whose fields are the settings of an object with a `type` in a document.

    To make one with settings that the schema refuses raises SpecError.
    """

    _passed_schema: ClassVar[bool] = False  # whether the settings are known to be right while a thing is made

    def __post_init__(self) -> None:
        """Refuse settings that a document could not have. A subclass that has a __post_init__ calls this one too."""
        if not self._passed_schema:
            self._check_settings()

    @classmethod
    def from_checked(cls, **settings: Any) -> Self:
        """Return the thing with settings that the schema has let pass, or that need not pass it, without a check."""
        made = cls.__new__(cls)
        object.__setattr__(made, "_passed_schema", True)
        cls.__init__(made, **settings)
        return made

    def _check_settings(self) -> None:
        """Raise SpecError where the settings are wrong; a thing that the schema does not define is left alone."""


def check_built_in(thing: Any, kind: str, registry: Registry[Any]) -> None:
    """Raise SpecError where a document would be refused for a thing, if the library itself registers its class."""
    if registry.holds(type(thing)) and registry.is_built_in(type(thing)):
        check_section(thing, kind, type(thing).__name__)


def check_section(thing: Any, kind: str, place: str, plugins: Mapping[str, Definition] | None = None) -> None:
    """Raise SpecError where a document would be refused for a thing.

    kind: as in Schema. place: what messages call it. plugins: schema fragments of further layers, by type.
    """
    values = section_values(thing, leave_out={"input_shape"})
    problems = section_problems(values, kind, load_schema(plugins), place)
    if problems:
        raise SpecError(*problems)
