"""Frozen dataclasses that are quick to define."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, TypeVar, dataclass_transform, overload

C = TypeVar("C", bound=type[Any])


@overload
def frozen_dataclass(cls: C, /) -> C: ...


@overload
def frozen_dataclass(*, kw_only: bool = False, eq: bool = True) -> Callable[[C], C]: ...


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen_dataclass(cls: C | None = None, /, *, kw_only: bool = False, eq: bool = True) -> C | Callable[[C], C]:
    """Make a class what `dataclass(frozen=True)` makes of it, in a third of the time.

    `dataclass` compiles __repr__, __eq__ and __hash__ anew for each class; here all classes share them. The program
    defines some seventy such classes before it can show a network.
    """

    def define(cls: C) -> C:
        dataclass(frozen=True, repr=False, eq=False, kw_only=kw_only)(cls)
        for name, method in METHODS.items() if eq else [("__repr__", as_call)]:
            if name not in cls.__dict__:
                setattr(cls, name, method)
        return cls

    return define if cls is None else define(cls)


def as_call(self: Any) -> str:
    """Return an object as the call that makes it: Dense(units=3, use_bias=True)."""
    values = (f"{each.name}={getattr(self, each.name)!r}" for each in fields(self) if each.repr)
    return f"{type(self).__qualname__}({', '.join(values)})"


def compared_fields(cls: Any) -> tuple[str, ...]:
    """Return the names of the fields that make two objects of a class equal."""
    return tuple(each.name for each in fields(cls) if each.compare)


known_fields: Callable[[Any], tuple[str, ...]] = cache(compared_fields)


def compared(self: Any) -> tuple[Any, ...]:
    """Return the values that make two objects equal."""
    return tuple([getattr(self, name) for name in known_fields(type(self))])


def equal(self: Any, other: object) -> bool:
    """Return whether two objects are of one class and have equal values."""
    return compared(self) == compared(other) if type(self) is type(other) else NotImplemented


def hash_of(self: Any) -> int:
    """Return the hash of an object's values."""
    return hash(compared(self))


METHODS: dict[str, Callable[..., Any]] = {"__repr__": as_call, "__eq__": equal, "__hash__": hash_of}
