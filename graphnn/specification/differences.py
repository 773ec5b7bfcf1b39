"""The differences between two documents that can change a result."""

import json
from collections.abc import Iterator, Mapping, Set
from typing import Any, Final

from graphnn.errors import SpecError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.specification.fixed_statistics import reasons as of_statistics
from graphnn.specification.fixed_statistics import with_moved_statistics
from graphnn.specification.schema import Definition
from graphnn.specification.spec import spec_from_values
from graphnn.specification.split_seed import with_split_seed

ABSENT: Final = object()  # the value of a setting that a document does not have
WITHOUT_EFFECT = {"$schema", "name", "format_version"}  # keys at the top of the document
# A result depends on the data in the file, not on its path; test-time augmentation only adds figures to the report.
IGNORED = {"data.path", "data.test_path", "evaluation.test_time_augmentation"}


@frozen_dataclass
class Difference:
    """A setting whose value differs between two documents.

    path: as people write it, layers[2].filters. before, after: JSON values, ABSENT where a document lacks the setting.
    reason: why they differ, where that cannot be seen in the documents.
    """

    path: str
    before: Any
    after: Any
    reason: str = ""

    def text(self, then: str, now: str) -> str:
        """Return the difference in words; then, now: written after the values, such as "in the checkpoint", "now"."""
        text = difference_text(self.path, value_text(self.before), value_text(self.after), then, now)
        return f"{text}; {self.reason}" if self.reason else text


def difference_text(setting: str, before: str, after: str, then: str, now: str) -> str:
    """Return a difference in words: training.epochs: 5 in the checkpoint, 6 now."""
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
    """Return the differences between two resolved documents that can change a result, without the paths to ignore.

    before: may be written by an older version of graphnn; settings that it lacks count as their defaults, data.seed as
    its training.seed, and running statistics as moved. plugins: schema fragments of plugin layers, by type.
    """
    complete = with_defaults(before, plugins)
    old, new = settings(complete), settings(after)
    reasons = {path: reason for path, reason in of_statistics(before).items() if new.get(path) is False}
    if with_split_seed(before) is not before:
        seed = value_text(complete["data"]["seed"])
        reasons["data.seed"] = f'older versions split by training.seed, so "data": {{"seed": {seed}}} is the same split'
    found = [
        Difference(path, old.get(path, ABSENT), new.get(path, ABSENT), reasons.get(path, "")) for path in {**old, **new}
    ]
    return [one for one in found if one.path not in ignore and one.before != one.after]


def settings(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a resolved document that can change a result, by path."""
    return {path: value for path, value in leaves(document) if path not in IGNORED}


def may_be_same(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether two documents are the same, or may be once `before` has the defaults of settings that it lacks.

    before, now: what `settings` returns. It takes a thousandth of the time of `with_defaults`, which checks a document.
    """
    return all(value in ([], {}) or (path in now and now[path] == value) for path, value in before.items())


def with_defaults(document: Mapping[str, Any], plugins: Mapping[str, Definition] | None = None) -> Mapping[str, Any]:
    """Return a resolved document with the defaults of settings that were added to graphnn after it was written.

    A document that the present schema refuses gets data.seed alone, which an older one lacks.
    """
    document = with_moved_statistics(with_split_seed(document))
    try:
        return spec_from_values(document, plugins=plugins).resolved()
    except SpecError:
        return document


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the path and the value of each setting that can change a result: ("layers[2].filters", 32)."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            if key != "description" and not (path == "" and key in WITHOUT_EFFECT):
                yield from leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and any(isinstance(inner, Mapping) for inner in value):
        for index, inner in enumerate(value):
            yield from leaves(inner, f"{path}[{index}]")
    else:
        yield path, value
