"""What differs between two versions of a network while it is written, in one line."""

from collections.abc import Iterator, Mapping
from typing import Any

from graphnn.describe.describe import Description
from graphnn.specification.differences import ABSENT, settings, value_text
from graphnn.text.numbers import bytes_text, count_text
from graphnn.types import shape_text

LONGEST_VALUE = 24  # characters of a setting's value


def changes_text(before: tuple[Mapping[str, Any], Description], after: tuple[Mapping[str, Any], Description]) -> str:
    """Return what differs between two networks: "parameters 9,930 → 14,060, multiply-adds 309,248 → 604,160".

    before, after: the resolved document and the description of each. Figures come first, then settings.
    """
    return ", ".join([*figure_changes(before[1], after[1]), *setting_changes(before[0], after[0])])


def figure_changes(before: Description, after: Description) -> Iterator[str]:
    """Yield each figure of the whole network that differs."""
    figures = (
        ("parameters", count_text(parameters(before)), count_text(parameters(after))),
        ("output", shape_text(before.rows[-1].output_shape), shape_text(after.rows[-1].output_shape)),
        ("layers", count_text(len(before.rows) - 1), count_text(len(after.rows) - 1)),
        ("multiply-adds", count_text(before.multiply_adds), count_text(after.multiply_adds)),
        ("training memory", bytes_text(before.training_bytes), bytes_text(after.training_bytes)),
    )
    return (change(*figure) for figure in figures if figure[1] != figure[2])


def parameters(description: Description) -> int:
    """Return the number of parameters, trained or not."""
    return description.trainable + description.not_trainable


def setting_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Yield each setting that differs; those of layers only where there are as many, because their numbers move."""
    old, new = settings(before), settings(after)
    moved = len(before["layers"]) != len(after["layers"])
    for path in {**old, **new}:
        was, now = old.get(path, ABSENT), new.get(path, ABSENT)
        if was == now or (moved and path.startswith("layers[")):
            continue
        if was is not ABSENT and now is not ABSENT:
            yield change(path, short(was), short(now))
        elif (now if was is ABSENT else was) not in (
            [],
            {},
        ):  # an empty list is there no more where one with something in it is
            yield f"{path} {'added' if was is ABSENT else 'removed'}"


def short(value: Any) -> str:
    """Return a value as a document writes it, or only that it is there where that is long."""
    text = value_text(value)
    return text if len(text) <= LONGEST_VALUE else "…"


def change(what: str, was: str, now: str) -> str:
    """Return one change: parameters 9,930 → 14,060."""
    return f"{what} {was} → {now}" if was != now else f"{what} changed"
