"""The registry: finds layers, losses, optimizers and the like by the names that documents use."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator, MutableMapping
from functools import cached_property
from typing import Any, TypeVar, cast

from graphnn.errors import GraphError, SpecError
from graphnn.text.suggestions import folded, unknown_name

T = TypeVar("T")
Entry = TypeVar("Entry")


class Registry(MutableMapping[str, T]):
    """All entries of one kind by name, such as all layers; `@LAYERS.register` above a class makes it an entry.

    kind: the word for an entry in messages. package: the package with the entries, one per module, which is named after
    it (Conv2D in conv2d.py). A module is imported when its name is looked up; listing all names, in alphabetical order,
    imports all modules. Without a package, entries are those that were registered, in that order.
    name_of: returns the name of an entry; by default, that of the class. error: raised by `find` and `register`.
    """

    def __init__(
        self,
        kind: str,
        package: str | None = None,
        *,
        name_of: Callable[[Any], str] = lambda entry: str(entry.__name__),
        error: type[GraphError] = SpecError,
    ) -> None:
        self.kind, self.package, self._name_of, self._error = kind, package, name_of, error
        self._known: dict[str, T] = {}
        self._complete = package is None  # whether all modules of the package have been imported

    def register(self, entry: Entry) -> Entry:
        """Register an entry under its name, and return it; for use as a decorator.

        Raises the registry's error where the name is already registered.
        """
        name = self._name_of(entry)
        if name in self._known or (not self.is_built_in(entry) and name in self):
            raise self._error(f'a {self.kind} "{name}" is registered already, by {self._known[name].__module__}')
        self._known[name] = cast(T, entry)
        return entry

    def find(self, name: str) -> T:
        """Return the entry of that name. Raises the registry's error, with the closest and all known names."""
        if name not in self:
            raise self._error(unknown_name(self.kind, name, list(self)))
        return self[name]

    def holds(self, thing: Any) -> bool:
        """Return whether this very thing is registered; nothing is imported for it."""
        return self._known.get(self._name_of(thing)) is thing

    def built_in(self) -> dict[str, T]:
        """Return the entries of the package by name, without those of plugins."""
        return {name: entry for name, entry in self.items() if self.is_built_in(entry)}

    def added(self) -> list[T]:
        """Return the entries from outside the package, such as those of plugins; this imports nothing."""
        return [entry for entry in self._known.values() if not self.is_built_in(entry)]

    def __getitem__(self, name: str) -> T:
        if name not in self._known:
            self._import_module_of(name)
        return self._known[name]

    def __setitem__(self, name: str, entry: T) -> None:
        self._known[name] = entry

    def __delitem__(self, name: str) -> None:
        del self._known[name]

    def __iter__(self) -> Iterator[str]:
        if not self._complete:
            for module in self._modules.values():
                importlib.import_module(module)
            self._complete = True
        return iter(list(self._known) if self.package is None else sorted(self._known))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def is_built_in(self, entry: Any) -> bool:
        """Return whether an entry comes with the package, rather than from a plugin."""
        return self.package is None or str(entry.__module__).startswith(f"{self.package}.")

    @cached_property
    def _modules(self) -> dict[str, str]:
        """The modules of the package by their folded names."""
        if self.package is None:
            return {}
        path = importlib.import_module(self.package).__path__
        return {folded(module.name): f"{self.package}.{module.name}" for module in pkgutil.iter_modules(path)}

    def _import_module_of(self, name: str) -> None:
        module = self._modules.get(folded(name))
        if module is not None:
            importlib.import_module(module)
