"""Frozen dataclasses that are quick to define: what the standard library's are, in every way that the program uses."""

from dataclasses import FrozenInstanceError, dataclass, field, fields, replace
from typing import Any, ClassVar

import pytest

from graphnn.frozen_dataclass import frozen_dataclass


def define(decorate: Any, **options: Any) -> Any:
    """Return a class with fields of every kind, made a frozen dataclass by `decorate`."""

    class Point:
        x: int
        y: float = 1.5
        names: tuple[str, ...] = ("a",)
        hidden: int = field(default=0, repr=False)
        ignored: int = field(default=0, compare=False)
        kind: ClassVar[str] = "point"

    return decorate(**options)(Point)


@pytest.mark.parametrize("options", [{}, {"kw_only": True}, {"eq": False}])
def test_it_is_the_standard_librarys(options: dict[str, Any]) -> None:
    ours, standard = define(frozen_dataclass, **options), define(dataclass, frozen=True, **options)
    given = [
        {"x": 1},
        {"x": 2},
        {"x": 1, "y": 2.0},
        {"x": 1, "hidden": 1},
        {"x": 1, "ignored": 1},
        {"x": 1, "names": ()},
    ]
    pairs = [(a, b) for a in given for b in given]
    assert [repr(ours(**each)) for each in given] == [repr(standard(**each)) for each in given]
    assert [ours(**a) == ours(**b) for a, b in pairs] == [standard(**a) == standard(**b) for a, b in pairs]
    if options.get("eq", True):
        assert [hash(ours(**each)) for each in given] == [hash(standard(**each)) for each in given]
    assert [each.name for each in fields(ours)] == [each.name for each in fields(standard)]
    assert replace(ours(x=1), y=3.0).y == 3.0


def test_nothing_can_be_set_or_deleted() -> None:
    point = define(frozen_dataclass)(x=1)
    with pytest.raises(FrozenInstanceError):
        point.x = 2
    with pytest.raises(FrozenInstanceError):
        del point.x


def test_classes_can_be_derived_with_either() -> None:
    base = define(frozen_dataclass)

    @frozen_dataclass
    class Ours(base):  # type: ignore[misc]
        z: int = 3

    @dataclass(frozen=True)
    class Standard(base):  # type: ignore[misc]
        z: int = 3

    for derived in (Ours, Standard):
        assert derived(1) == derived(1, z=3) != derived(1, z=4)
        assert derived(1) != base(1)
        assert base(1) != derived(1)
        assert hash(derived(1)) == hash(derived(1, z=3))
        assert repr(derived(1)).endswith("z=3)")


def test_methods_of_the_class_stay() -> None:
    @frozen_dataclass
    class Named:
        name: str

        def __repr__(self) -> str:
            return self.name

    assert repr(Named("here")) == "here"
    assert Named("a") == Named("a") != "a"
