"""The names that documents use, and what each of them stands for."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator, MutableMapping
from typing import Any, TypeVar, cast

from graphnn.errors import GraphError, SpecError
from graphnn.text.suggestions import folded, unknown_name

T = TypeVar("T")
One = TypeVar("One")


class Registry(MutableMapping[str, T]):
    """Everything of one kind by name, each registered where it is defined: `@LAYERS.register` above the class.

    kind: what messages call one of them. package: where the definitions lie, one a module that is called after the
    name (Conv2D in conv2d.py). A module is imported when its name is looked up; to list all names imports all modules.
    name_of: the name of what is registered, by default that of the class. error: raised by `find` and `register`.
    """

    def __init__(
        self,
        kind: str,
        package: str,
        *,
        name_of: Callable[[Any], str] = lambda thing: str(thing.__name__),
        error: type[GraphError] = SpecError,
    ) -> None:
        self.kind, self.package, self._name_of, self._error = kind, package, name_of, error
        self._known: dict[str, T] = {}
        self._complete = False  # whether all modules of the package have been imported

    def register(self, thing: One) -> One:
        """Make a thing known by its name, and return it, so that this can stand above a definition.

        Raises the registry's error where the name is taken.
        """
        name = self._name_of(thing)
        if name in self._known or (not self.is_built_in(thing) and name in self):
            raise self._error(f'a {self.kind} "{name}" is registered already, by {self._known[name].__module__}')
        self._known[name] = cast(T, thing)
        return thing

    def find(self, name: str) -> T:
        """Return what has the name. Raises the registry's error, which lists the known names and suggests one."""
        if name not in self:
            raise self._error(unknown_name(self.kind, name, list(self)))
        return self[name]

    def holds(self, thing: Any) -> bool:
        """Return whether this very thing is registered; nothing is imported for it."""
        return self._known.get(self._name_of(thing)) is thing

    def built_in(self) -> dict[str, T]:
        """Return what the package itself registers, without plugins."""
        return {name: thing for name, thing in self.items() if self.is_built_in(thing)}

    def added(self) -> list[T]:
        """Return what was registered from outside the package, as plugins do; nothing is imported for it."""
        return [thing for thing in self._known.values() if not self.is_built_in(thing)]

    def __getitem__(self, name: str) -> T:
        if name not in self._known:
            self._import_module_of(name)
        return self._known[name]

    def __setitem__(self, name: str, thing: T) -> None:
        self._known[name] = thing

    def __delitem__(self, name: str) -> None:
        del self._known[name]

    def __iter__(self) -> Iterator[str]:
        if not self._complete:
            for module in self._modules():
                importlib.import_module(f"{self.package}.{module}")
            self._complete = True
        return iter(sorted(self._known))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def is_built_in(self, thing: Any) -> bool:
        """Return whether a thing comes with the package, rather than from a plugin."""
        return str(thing.__module__).startswith(f"{self.package}.")

    def _modules(self) -> list[str]:
        return [module.name for module in pkgutil.iter_modules(importlib.import_module(self.package).__path__)]

    def _import_module_of(self, name: str) -> None:
        wanted = folded(name)
        for module in self._modules():
            if folded(module) == wanted:
                importlib.import_module(f"{self.package}.{module}")
