"""Groups of parameters that are trained otherwise than the rest: which pattern takes which parameter."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from typing import Any

from graphnn.document.document import Path, listed
from graphnn.document.values import is_default, plain, section_values
from graphnn.optimizers.base import OPTIMIZERS, Optimizer
from graphnn.parameters.parameter import Parameter, Role
from graphnn.schedules.base import Schedule
from graphnn.specification.schema_problems import Finding
from graphnn.specification.spec import Section
from graphnn.text.suggestions import closest, quoted
from graphnn.types import shape_text

COMMON_ONLY = {  # settings of an optimizer that make no sense in the optimizer of a group
    "clip_norm": "is of the whole gradient, so it stands in the network's optimizer",
    "schedule": 'stands in the group itself, beside "optimizer"',
    "groups": "have no groups of their own",
}


@dataclass(frozen=True, kw_only=True)
class ParameterGroup:
    """The parameters that a pattern matches, and how they are trained; its fields are the properties in the schema.

    match: a pattern for 'layer/parameter' in which * stands for anything, ? for one character, [ab] for one of several.
    learning_rate_scale, weight_decay_scale: factors on those of the optimizer; where the latter is given, weight decay
    is in force for all parameters of the group, biases too. optimizer, schedule: in the place of the common ones.
    """

    match: str
    learning_rate_scale: float = 1.0
    weight_decay_scale: float | None = None
    optimizer: Optimizer | None = None
    schedule: Schedule | None = None


def group_values(group: ParameterGroup) -> dict[str, Any]:
    """Return a group as the JSON values that a document holds for it: only what is not a default."""
    own = (field for field in fields(group) if not is_default(field, group))
    written = {field.name: getattr(group, field.name) for field in own}
    sections = (Optimizer, Schedule)
    return {key: section_values(one) if isinstance(one, sections) else plain(one) for key, one in written.items()}


def members(patterns: Sequence[str], names: Iterable[str]) -> list[int | None]:
    """Return, for each parameter, the number of the first pattern that matches it; None where none does."""
    return [next((i for i, pattern in enumerate(patterns) if fnmatchcase(name, pattern)), None) for name in names]


def unused(patterns: Sequence[str], trained: Sequence[str], fixed: Sequence[str]) -> dict[int, str]:
    """Return, by the pattern's number, why a pattern that takes no parameter does not.

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
            close = pattern_meant(pattern, trained)
            meant = f"; did you mean {quoted(close)}?" if close else ";"
            known = f"the parameters are {listed(trained)}" if trained else "no parameter is trained"
            reason = f"matches no parameter{meant} {known}"
        reasons[number] = reason
    return reasons


def pattern_meant(pattern: str, names: Sequence[str]) -> str | None:
    """Return the pattern that was probably meant by one that matches none of the names; None where nothing is near.

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
        layer, _, own_kind = pattern.rpartition(".")
        tries = [(layer or None, own_kind), ("*", closest(after, kinds))]
    for layer_meant, kind_meant in tries:
        meant = f"{layer_meant}/{kind_meant}"
        if layer_meant and kind_meant and any(fnmatchcase(name, meant) for name in names):
            return meant
    return closest(pattern, names)


def group_findings(optimizer: Section, trained: Mapping[str, Parameter], fixed: Sequence[str]) -> Iterator[Finding]:
    """Yield what is wrong with the groups of an optimizer, and where it cannot update a parameter that falls to it.

    trained: the parameters that are, by 'layer/parameter'; fixed: the names of the others.
    """
    groups: Sequence[Mapping[str, Any]] = optimizer.options.get("groups", ())
    patterns = [group["match"] for group in groups]
    for place, reason in unused(patterns, list(trained), fixed).items():
        yield Finding((*optimizer.path, "groups", place, "match"), f"{quoted(patterns[place])} {reason}")
    own = [group.get("optimizer") for group in groups]
    for section in own:
        for key in COMMON_ONLY:
            if section is not None and section.options.get(key) is not None:
                yield Finding((*section.path, key), f"{quoted(key)} {COMMON_ONLY[key]}", key=True)
    for place, group in enumerate(groups):
        section = own[place] or optimizer
        if group.get("weight_decay_scale") and not section.options.get("weight_decay"):
            known = "weight_decay" in section.options
            reason = "that of its optimizer is 0; write it there, or" if known else f"{section.type} has none;"
            path = (*optimizer.path, "groups", place, "weight_decay_scale")
            yield Finding(path, f"no weight decay to scale: {reason} leave weight_decay_scale out")
    told: set[Path] = set()
    for (name, parameter), number in zip(trained.items(), members(patterns, trained), strict=True):
        section = (None if number is None else own[number]) or optimizer
        shape = parameter.shape
        scales = parameter.role in (Role.SCALE, Role.SHIFT)  # of images: of two axes or more, but no matrix
        if OPTIMIZERS[section.type].by_matrix and (len(shape) < 2 or scales) and section.path not in told:
            told.add(section.path)
            other = f'{{"match": {quoted(f"*/{parameter.name}")}, "optimizer": {{"type": "SGDMomentum"}}}}'
            what = "is a vector of" if len(shape) < 2 else "scales or shifts each number of"
            found = f"{quoted(name)} {what} {shape_text(shape)}"
            advice = f"put a group first: {other}"
            if number is not None and patterns[number].endswith(f"/{parameter.name}"):
                advice = "this group needs another optimizer, for example SGDMomentum"
            message = f"{section.type} needs weights of two axes or more, but {found}; {advice}"
            yield Finding((*section.path, "type"), message)
