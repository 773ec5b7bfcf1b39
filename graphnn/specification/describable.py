"""The base of everything that a document can describe: settings given in Python are checked against the schema too."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from graphnn.document.values import section_values
from graphnn.errors import SpecError
from graphnn.registry import Registry
from graphnn.specification.schema import Definition, load_schema
from graphnn.specification.schema_problems import section_problems


class Describable:
    """A dataclass whose fields are the settings of an object with a `type` in a document.

    Its constructor raises SpecError for settings that the schema refuses.
    """

    _passed_schema: ClassVar[bool] = False  # True on an instance whose settings the constructor need not check

    def __post_init__(self) -> None:
        """Check the settings. A subclass with a __post_init__ must call this one."""
        if not self._passed_schema:
            self._check_settings()

    @classmethod
    def from_checked(cls, **settings: Any) -> Self:
        """Return an instance without checking its settings: they have passed the schema already, or need not."""
        instance = cls.__new__(cls)
        object.__setattr__(instance, "_passed_schema", True)
        cls.__init__(instance, **settings)
        return instance

    def _check_settings(self) -> None:
        """Raise SpecError where the schema refuses the settings; do nothing where it does not define the class."""


def check_built_in(instance: Any, kind: str, registry: Registry[Any]) -> None:
    """Raise SpecError where the schema refuses an instance of a built-in class; do nothing for other classes.

    kind: as in Schema. registry: that of the kind.
    """
    if registry.holds(type(instance)) and registry.is_built_in(type(instance)):
        check_section(instance, kind, type(instance).__name__)


def check_section(instance: Any, kind: str, label: str, plugins: Mapping[str, Definition] | None = None) -> None:
    """Raise SpecError where the schema refuses the settings of an instance.

    kind: as in Schema. label: what messages call the instance. plugins: schema fragments of plugin layers, by type.
    """
    values = section_values(instance, leave_out={"input_shape"})
    problems = section_problems(values, kind, load_schema(plugins), label)
    if problems:
        raise SpecError(*problems)
