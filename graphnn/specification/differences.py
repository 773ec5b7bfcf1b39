"""What differs between two documents, as far as it can change a result."""

import json
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any, Final

from graphnn.errors import SpecError
from graphnn.specification.schema import Definition
from graphnn.specification.spec import spec_from_values

ABSENT: Final = object()  # in place of a value, where a document has none
WITHOUT_EFFECT = {"$schema", "name", "format_version"}  # at the top of the document
# Where the data lie changes nothing, what they are does, which no path tells; views only add to what is reported.
FREE = {"data.path", "evaluation.test_time_augmentation"}


@dataclass(frozen=True)
class Difference:
    """A setting that has another value in one document than in another; ABSENT where a document does not have it.

    path: as people write it, layers[2].filters. before, after: JSON values.
    """

    path: str
    before: Any
    after: Any

    def text(self, then: str, now: str) -> str:
        """Return the difference in words; then, now: what follows each value, as "in the checkpoint" and "now"."""
        return difference_text(self.path, value_text(self.before), value_text(self.after), then, now)


def difference_text(setting: str, before: str, after: str, then: str, now: str) -> str:
    """Return in words that a setting had one value and has another."""
    return f"{setting}: {before} {then}, {after} {now}"


def value_text(value: Any) -> str:
    """Return a value as a document writes it."""
    return "absent" if value is ABSENT else json.dumps(value, ensure_ascii=False)


def differences(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    ignore: Set[str] = frozenset(),
    plugins: Mapping[str, Definition] | None = None,
) -> list[Difference]:
    """Return what differs between two resolved documents, without what changes no result and the paths to ignore.

    before: may come from an older version, and then lack settings that came later; these count as their defaults.
    plugins: schema fragments of further layers, by type.
    """
    old, new = dict(leaves(with_defaults(before, plugins))), dict(leaves(after))
    found = [Difference(path, old.get(path, ABSENT), new.get(path, ABSENT)) for path in {**old, **new}]
    return [one for one in found if one.path not in ignore | FREE and one.before != one.after]


def with_defaults(document: Mapping[str, Any], plugins: Mapping[str, Definition] | None = None) -> Mapping[str, Any]:
    """Return a resolved document with the defaults of settings that came after it was written.

    A document that today's schema refuses is returned as it is.
    """
    try:
        return spec_from_values(document, plugins=plugins).resolved()
    except SpecError:
        return document


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (path, value) of everything in a document that can change a result: layers[2].filters, 32."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            if key != "description" and not (path == "" and key in WITHOUT_EFFECT):
                yield from leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and any(isinstance(inner, Mapping) for inner in value):
        for index, inner in enumerate(value):
            yield from leaves(inner, f"{path}[{index}]")
    else:
        yield path, value
