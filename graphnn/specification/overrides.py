"""Overrides: settings of a document changed from the command line, as in `--set layers[3].rate=0.3`."""

import copy
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from graphnn.document.document import Document, Path, path_text, value_at
from graphnn.document.json_reader import MAX_DEPTH, half_of_a_pair, json_or_text
from graphnn.errors import Problem
from graphnn.specification.names import REPEAT, layer_names
from graphnn.text.suggestions import did_you_mean, quoted

SHOWN = 200  # characters of an override in messages
REPETITION = re.compile(r"\.[0-9]+(?=\.|$)")
STEP = re.compile(r"\[([0-9]{1,40})\]|(?:^|(?<=.)\.)([^.\[\]]+)")


def apply_overrides(document: Document, overrides: Sequence[str]) -> tuple[Document, list[Problem]]:
    """Return the document with each override `path=value` applied, and the problems of those that cannot be.

    A problem with the value of one that is applied then names the override.

    A layer is given by its index or its name: layers[3].rate, layers.drop1.rate; inside a block by its name or as
    layers[3].layers[0].rate. The value is JSON if it can be read as such, and a string otherwise; null, which is no
    value of any setting, removes the setting.
    """
    value = copy.deepcopy(document.value)
    changed: list[tuple[Path, str]] = []
    problems: list[Problem] = []
    for override in overrides:
        source = f"--set {shortened(override)}"
        try:
            path, new = parse(override, value)
            put(value, path, new, document)
        except ValueError as error:
            problems.append(Problem(str(error), file=source))
        else:
            changed.append((path if new is not None else path[:-1], source))
    return replace(document, value=value, changed=tuple(changed)), problems


def shortened(override: str) -> str:
    """Return an override as messages name it, with its path and the start of a long value."""
    return override if len(override) <= SHOWN else f"{override[: SHOWN - 1]}…"


def parse(override: str, document: Any) -> tuple[Path, Any]:
    """Return the path and the value in an override. Raises ValueError where it is not KEY=VALUE."""
    target, equals, text = override.partition("=")
    if not equals or not target:
        raise ValueError("write KEY=VALUE, for example training.epochs=5 or layers[3].rate=0.3")
    if half_of_a_pair(override) is not None:
        raise ValueError("this is not UTF-8, so no document can hold it")
    from graphnn.specification.habits.paths import setting  # for overrides only

    path = parse_path(target.strip(), document)
    if len(path) == 1 and path[0] not in document and (line := setting(target.strip(), text.strip())) is not None:
        raise ValueError(f"there is no section {quoted(target.strip())}; write {line}")
    return path, json_or_text(text)


def parse_path(target: str, document: Any) -> Path:
    """Return the path written as `layers[3].rate` or `layers.drop1.rate`. Raises ValueError where it is not a path."""
    path: list[str | int] = []
    position = 0
    if target.startswith("layers."):
        named, position = named_layer(target, len("layers."), layer_names(document.get("layers")))
        path = [*named]
        refuse_plain_name(target[position:], named, document)
    while position < len(target):
        if len(path) == MAX_DEPTH:
            raise ValueError(f"the path has more than {MAX_DEPTH} steps; a network needs only a few levels")
        match = STEP.match(target, position)
        if match is None:
            raise ValueError(f"{quoted(target)} is no path; write it as in optimizer.learning_rate or layers[3].rate")
        path.append(int(match[1]) if match[1] is not None else match[2])
        position = match.end()
    return tuple(path)


def named_layer(target: str, start: int, names: Mapping[Path, str | None]) -> tuple[Path, int]:
    """Return the path of the layer whose name begins at `start` in `target`, and the offset after the name.

    A name may contain dots, so the longest one that matches is taken. Raises ValueError where none does.
    """
    rest = target[start:]
    matches = [(len(name), path) for path, name in names.items() if name and f"{rest}.".startswith(f"{name}.")]
    if matches:
        length, path = max(matches, key=lambda match: match[0])
        return path, start + length
    unknown = rest.split(".")[0]
    if unknown.isdecimal() and ("layers", int(unknown)) in names:
        raise ValueError(f"there is no layer {quoted(unknown)}; did you mean layers[{unknown}]?")
    known = [name for name in names.values() if name]
    suggestion = did_you_mean(unknown, known) or (f"; the layers are {', '.join(known)}" if known else "")
    raise ValueError(f"there is no layer {quoted(unknown)}{suggestion}")


def refuse_plain_name(rest: str, path: Path, document: Any) -> None:
    """Raise ValueError where a target names one of the plain layers that a layer stands for: only all can be set.

    path: that of the layer. rest: what follows its name in the target.
    """
    number = REPETITION.match(rest)
    around = [value_at(document, path[:length]) for length in range(2, len(path), 2)]
    if number is not None and any(isinstance(each, dict) and each.get("type") == REPEAT for each in around):
        raise ValueError(f"a repetition cannot be set alone; leave {quoted(number[0])} out to set all of them")
    layer = value_at(document, path)
    type_ = str(layer.get("type")) if isinstance(layer, dict) else ""
    block = value_at(document, ("blocks", type_))
    if isinstance(block, dict):
        inside = layer_names(block.get("layers"), ("blocks", type_, "layers"))
        for at, name in inside.items():
            if name and f"{rest}.".startswith(f".{name}."):
                message = f"{quoted(name)} is a layer of the block {quoted(type_)}; write {path_text(at)}"
                raise ValueError(f"{message}{rest[len(name) + 1 :]}, which sets it wherever the block is used")


def replaces(path: Sequence[str | int], other: Sequence[str | int]) -> bool:
    """Whether setting what is at `path` undoes that what is at `other` was set before."""
    return tuple(other[: len(path)]) == tuple(path)


def put(value: Any, path: Path, new: Any, document: Document) -> None:
    """Set `new` at `path` in `value`, making missing objects on the way; None removes what is at the path.

    Raises ValueError where the path cannot be followed, or has nothing to remove.
    """
    for index, step in enumerate(path):
        here = document.where(path[:index]) or "the document"
        if isinstance(step, str) and not isinstance(value, dict):
            raise ValueError(f"{here} is not an object, so it has no {quoted(step)}")
        if isinstance(step, int):
            if not isinstance(value, list):
                raise ValueError(f"{here} is not a list, so it has no [{step}]")
            if step >= len(value):
                raise ValueError(
                    f"{here} has {len(value)} entries, [0] to [{len(value) - 1}]" if value else f"{here} is empty"
                )
        if new is None and isinstance(value, dict) and step not in value:
            raise ValueError(f"{here} has no {quoted(str(step))} to take out{did_you_mean(str(step), value)}")
        if index == len(path) - 1 and new is None:
            del value[step]
        elif index == len(path) - 1:
            value[step] = new
        elif isinstance(value, dict):
            value = value.setdefault(str(step), {})
        else:
            value = value[step]


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal; true is not 1."""
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def short_names(targets: Sequence[str]) -> list[str]:
    """Return the last step of each path where that names one of them alone, else the whole path."""
    last = [target.rpartition(".")[2] for target in targets]
    return [name if last.count(name) == 1 else target for name, target in zip(last, targets, strict=True)]
