"""Groups of parameters with other training settings than the rest, and the patterns that assign parameters to them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from fnmatch import fnmatchcase
from typing import Any

from graphnn.document.document import Path, listed
from graphnn.document.values import is_default, plain, section_values
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.optimizers.base import OPTIMIZERS, Optimizer
from graphnn.parameters.parameter import Parameter, Role
from graphnn.schedules.base import Schedule
from graphnn.specification.schema_problems import Finding
from graphnn.specification.sections import Section
from graphnn.text.suggestions import closest, quoted
from graphnn.types import shape_text


@frozen_dataclass(kw_only=True)
class ParameterGroup:
    """The parameters that a pattern matches, and how they are trained; its fields are the properties in the schema.

    match: a pattern for 'layer/parameter' in which * matches anything, ? one character, and [ab] one of several.
    learning_rate_scale, weight_decay_scale: factors on the optimizer's settings; with the latter, all parameters of the
    group decay, biases too. optimizer, schedule: replace the network's.
    """

    match: str
    learning_rate_scale: float = 1.0
    weight_decay_scale: float | None = None
    optimizer: Optimizer | None = None
    schedule: Schedule | None = None


def group_values(group: ParameterGroup) -> dict[str, Any]:
    """Return a group as JSON values for a document, without those that are defaults."""
    written = {field.name: getattr(group, field.name) for field in fields(group) if not is_default(field, group)}
    sections = (Optimizer, Schedule)
    return {key: section_values(one) if isinstance(one, sections) else plain(one) for key, one in written.items()}


def members(patterns: Sequence[str], names: Iterable[str]) -> list[int | None]:
    """Return, for each parameter, the number of the first pattern that matches it; None where none does."""
    return [next((i for i, pattern in enumerate(patterns) if fnmatchcase(name, pattern)), None) for name in names]


def unused(patterns: Sequence[str], trained: Sequence[str], fixed: Sequence[str]) -> dict[int, str]:
    """Return, for each pattern that takes no parameter, the reason, by the pattern's index.

    trained, fixed: the names of the parameters that are trained, and of those that are not.
    """
    taken = members(patterns, trained)
    reasons: dict[int, str] = {}
    for number, pattern in enumerate(patterns):
        if number in taken:
            continue
        shadowed = [name for name in trained if fnmatchcase(name, pattern)]
        untrained = [name for name in fixed if fnmatchcase(name, pattern)]
        if shadowed:
            first = taken[trained.index(shadowed[0])]
            reason = f"matches only what groups[{first}] before it takes; put the narrower pattern first"
        elif untrained:
            reason = f"matches only what is not trained, such as {quoted(untrained[0])}"
        else:
            close = closest_pattern(pattern, trained)
            suggestion = f"; did you mean {quoted(close)}?" if close else ";"
            known = f"the parameters are {listed(trained)}" if trained else "no parameter is trained"
            reason = f"matches no parameter{suggestion} {known}"
        reasons[number] = reason
    return reasons


def closest_pattern(pattern: str, names: Sequence[str]) -> str | None:
    """Return the pattern closest to one that matches none of the names; None where none is close.

    Only the part before the slash or the part after it is replaced, unless both are wrong.
    """
    before, slash, after = pattern.rpartition("/")
    layers, kinds = zip(*(name.rsplit("/", 1) for name in names), strict=True) if names else ((), ())
    tries: list[tuple[str | None, str | None]]
    if slash:
        tries = [(before, closest(after, kinds)), (f"{before}*", after), (closest(before, layers), after)]
    elif pattern in layers:
        return f"{pattern}/*"
    else:
        layer, _, kind = pattern.rpartition(".")
        tries = [(layer or None, kind), ("*", closest(after, kinds))]
    for close_layer, close_kind in tries:
        close = f"{close_layer}/{close_kind}"
        if close_layer and close_kind and any(fnmatchcase(name, close) for name in names):
            return close
    return closest(pattern, names)


def group_findings(optimizer: Section, trained: Mapping[str, Parameter], fixed: Sequence[str]) -> Iterator[Finding]:
    """Yield the problems of an optimizer's groups, and of optimizers that cannot update one of their parameters.

    trained: the declarations of the trained parameters, by 'layer/parameter'. fixed: the names of the others.
    """
    groups: Sequence[Mapping[str, Any]] = optimizer.options.get("groups", ())
    patterns = [group["match"] for group in groups]
    for index, reason in unused(patterns, list(trained), fixed).items():
        yield Finding((*optimizer.path, "groups", index, "match"), f"{quoted(patterns[index])} {reason}")
    sections = [group.get("optimizer", optimizer) for group in groups]
    for index, group in enumerate(groups):
        section = sections[index]
        if group.get("weight_decay_scale") and not section.options.get("weight_decay"):
            known = "weight_decay" in section.options
            reason = "that of its optimizer is 0; write it there, or" if known else f"{section.type} has none;"
            path = (*optimizer.path, "groups", index, "weight_decay_scale")
            yield Finding(path, f"no weight decay to scale: {reason} leave weight_decay_scale out")
    reported: set[Path] = set()
    for (name, parameter), number in zip(trained.items(), members(patterns, trained), strict=True):
        section = optimizer if number is None else sections[number]
        shape = parameter.shape
        scales = parameter.role in (Role.SCALE, Role.SHIFT)  # for images these have two axes or more, but are no matrix
        if OPTIMIZERS[section.type].by_matrix and (len(shape) < 2 or scales) and section.path not in reported:
            reported.add(section.path)
            other = f'{{"match": {quoted(f"*/{parameter.name}")}, "optimizer": {{"type": "SGDMomentum"}}}}'
            kind = "is a vector of" if len(shape) < 2 else "scales or shifts each number of"
            unfit = f"{quoted(name)} {kind} {shape_text(shape)}"
            advice = f"put a group first: {other}"
            if number is not None and patterns[number].endswith(f"/{parameter.name}"):
                advice = "this group needs another optimizer, for example SGDMomentum"
            message = f"{section.type} needs weights of two axes or more, but {unfit}; {advice}"
            yield Finding((*section.path, "type"), message)
