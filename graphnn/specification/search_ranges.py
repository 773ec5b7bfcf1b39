"""The ranges of a search, read from a file of variants: which values each setting may take, in the terms of Optuna."""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from graphnn.document.document import Document
from graphnn.document.json_reader import json_or_text
from graphnn.errors import Problem, SpecError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.specification.overrides import same, short_names, shortened
from graphnn.specification.schema_problems import Finding
from graphnn.text.suggestions import quoted

SECTION = "search"
EXAMPLE = '{"optimizer.learning_rate": {"low": 0.001, "high": 0.1, "log": true}}'
DIGITS = 4  # of numbers that are drawn: more would change nothing but the length of a command line
SHORTEST = 1e-12  # relative to a step: how far rounding leaves a bound from the last of the steps

Refused = Callable[[Sequence[str]], Sequence[Problem | str]]  # what a document says of overrides


@frozen_dataclass
class Range:
    """The values that a search may give one setting. path: as --set takes it. name: a short one, for tables.

    low, high: both included. step: from one value to the next, starting at low; None: any number. log: drawn evenly on
    a logarithmic scale. whole: whether all values are integers. choices: instead of the others, as --set takes them.
    """

    path: str
    name: str
    low: float = 0
    high: float = 0
    step: float | None = None
    log: bool = False
    whole: bool = False
    choices: tuple[str, ...] = ()

    @property
    def count(self) -> float:
        """How many values there are; infinite for any number."""
        if self.choices:
            return len(self.choices)
        if self.step is None and not self.whole:
            return math.inf
        return math.floor((self.high - self.low) / (self.step or 1) + SHORTEST) + 1

    def text(self, drawn: float | str) -> str:
        """Return a value that was drawn as JSON: numbers of a continuous range rounded to DIGITS, but within it."""
        if isinstance(drawn, str):
            return drawn
        if self.whole:
            return str(int(drawn))
        if self.step is not None:
            return f"{drawn:.10g}"
        if self.log:
            rounded = float(f"{drawn:.{DIGITS}g}")
        else:
            rounded = round(drawn, DIGITS - 1 - math.floor(math.log10(self.high - self.low)))
        return f"{min(max(rounded, self.low), self.high):.12g}"

    def drawn(self, value: Any) -> float | str | None:
        """Return a value of a document as one that could be drawn; None where it is not in the range."""
        if self.choices:
            return next((each for each in self.choices if same(json_or_text(each), value)), None)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not self.low <= value <= self.high:
            return None
        if self.whole and value != int(value):
            return None
        steps = 0.0 if self.step is None else (value - self.low) / self.step
        return value if abs(steps - round(steps)) <= SHORTEST * max(1.0, steps) else None


@frozen_dataclass
class SearchSpace:
    """The ranges of a search. shared: changes that all its trainings have, as overrides, and their positions."""

    ranges: tuple[Range, ...]
    shared: tuple[tuple[str, Problem], ...]
    document: Document

    @property
    def count(self) -> float:
        """How many combinations of values there are; infinite where one of them may be any number."""
        return math.prod(each.count for each in self.ranges)

    def problem(self, path: str, key: str | int | None, message: str, where: str | None = None) -> Problem:
        """Return a problem with a range, or with what is under a key of it. where: named in the message."""
        steps: tuple[str | int, ...] = (SECTION, path)
        if isinstance(key, int):
            steps += ("choices", key)
        elif key is not None:
            steps += (key,)
        found = self.document.problem(steps, message, key=key is None)
        return found if where is None else replace(found, where=where)


def range_findings(file: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield a finding for each fault of the ranges in a file of variants that can be seen without a network."""
    values, shared = file.get(SECTION), file.get("set")
    if not isinstance(values, dict):
        return
    if not values:
        yield Finding((SECTION,), f"a search needs a range, for example {EXAMPLE}")
    for path, one in values.items():
        if isinstance(shared, dict) and path in shared:
            message = f'{path} is also in "set", which would have no effect; leave one of them out'
            yield Finding((SECTION, path), message, key=True)
        if isinstance(one, dict):
            yield from (Finding((SECTION, path, *where), message) for where, message in faults(one))


def faults(one: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield each fault of one range, with where it is in the range."""
    numbers = [key for key in ("low", "high", "step", "log") if key in one]
    if "choices" in one:
        if numbers:
            yield (numbers[0],), "choices are all values there are; leave out either them or low and high"
        if isinstance(one["choices"], list):
            yield from (
                (("choices", at), "this choice stands there twice")
                for at, value in enumerate(one["choices"])
                if any(same(value, other) for other in one["choices"][:at])
            )
        return
    missing = [key for key in ("low", "high") if key not in one]
    if missing:
        also = "" if numbers else ', or "choices": […]'
        yield (), f"missing {' and '.join(map(quoted, missing))}{also}"
    yield from number_faults(one)


def number_faults(one: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield each fault of a range of numbers, as far as they are numbers."""
    low, high, step = (value if is_number(value := one.get(key)) else None for key in ("low", "high", "step"))
    if low is not None and high is not None and low >= high:
        wrong = f"is not above low, {low}" if low == high else f"is below low, {low}; exchange them"
        yield ("high",), f"{high} {wrong}"
        return
    if one.get("log") is True:
        if low is not None and low <= 0:
            yield ("low",), f"{low} has no logarithm; a range with log begins above 0, for example at 0.0001"
        if "step" in one:
            yield ("step",), "a range with log has no steps, because they would not be even; leave out one of them"
            return
    if step is None or low is None or high is None or step <= 0:
        return
    steps = (high - low) / step
    if steps < 1:
        yield ("step",), f"{step} is more than there is between low and high, {high - low:.10g}"
    elif abs(steps - round(steps)) > SHORTEST * steps:
        last = low + math.floor(steps) * step
        yield ("high",), f"{high} is not reached from {low} by steps of {step}; write {last:.10g} or {last + step:.10g}"


def is_number(value: Any) -> bool:
    """Whether a value of a document is a number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def written(value: Any) -> str:
    """Return a value as --set takes it: JSON, and strings without quotes where they are read as such."""
    plain = isinstance(value, str) and value.strip() == value and value and json_or_text(value) == value
    return str(value) if plain else json.dumps(value, ensure_ascii=False)


def space_of(document: Document, shared: Iterable[tuple[str, Problem]]) -> SearchSpace:
    """Return the ranges of a file without faults; which of them are of integers, its network document says."""
    values = document.value[SECTION]
    ranges = []
    for (path, one), name in zip(values.items(), short_names(list(values)), strict=True):
        choices = tuple(map(written, one.get("choices", ())))
        numbers = {key: one[key] for key in ("low", "high", "step", "log") if key in one}
        ranges.append(Range(path, name, choices=choices, **numbers))
    return SearchSpace(tuple(ranges), tuple(shared), document)


def fitted(space: SearchSpace, refused: Refused) -> SearchSpace:
    """Return the ranges with those of integers marked, by a document. refused: what this says of overrides.

    Raises SpecError with every problem of the bounds and choices, at their places.
    """
    shared = [override for override, _ in space.shared]
    first = refused(shared)
    if first:
        raise SpecError(*(with_position(problem, space.shared) for problem in first))
    problems, ranges = list[Problem](), []
    for one in space.ranges:
        found, fits = fitted_range(space, one, lambda override: refused([*shared, override]))
        problems += found
        ranges.append(fits)
    if problems:
        raise SpecError(*problems)
    return replace(space, ranges=tuple(ranges))


def with_position(problem: Problem | str, shared: Iterable[tuple[str, Problem]]) -> Problem | str:
    """Return a problem with one of the shared changes with its line in the file; any other unchanged."""
    for override, position in shared:
        if isinstance(problem, Problem) and problem.file == f"--set {shortened(override)}":
            return replace(position, message=problem.message, where=problem.where)
    return problem


def fitted_range(
    space: SearchSpace, one: Range, refused: Callable[[str], Sequence[Problem | str]]
) -> tuple[list[Problem], Range]:
    """Return the problems with one range, and it with whether its values are integers."""
    probes: dict[str | int, Any]
    probes = dict(enumerate(map(json_or_text, one.choices))) if one.choices else {"low": one.low, "high": one.high}
    said = {key: list(told_of(one.path, value, refused)) for key, value in probes.items()}
    everywhere = [each for each in next(iter(said.values())) if all(each in others for others in said.values())]
    if everywhere:  # such as that there is no such setting, whatever its value
        return [space.problem(one.path, None, message, where) for message, where in everywhere], one
    found = [space.problem(one.path, key, *each) for key, all_of in said.items() for each in all_of]
    if found or one.choices:
        return found, one
    whole = all(isinstance(value, int) for value in (one.low, one.high, one.step if one.step is not None else 0.5))
    if not whole:
        between = one.low + (one.high - one.low) * 0.4321
        message = [told(each)[0] for each in refused(f"{one.path}={json.dumps(float(between))}")]
        whole = bool(message)
        if whole and not isinstance(one.step, int | None):
            found = [space.problem(one.path, "step", f"{one.path} is an integer, and so is a step; found {one.step}")]
    return found, replace(one, whole=whole)


def told_of(
    path: str, value: Any, refused: Callable[[str], Sequence[Problem | str]]
) -> Iterator[tuple[str, str | None]]:
    """Yield what is said of a value of a setting; where it advises another path for --set, the path alone."""
    text = json.dumps(value)
    for message, where in map(told, refused(f"{path}={text}")):
        yield message.removesuffix(f"={text}"), where


def told(problem: Problem | str) -> tuple[str, str | None]:
    """Return the message of a problem and the path that it names."""
    return (problem, None) if isinstance(problem, str) else (problem.message, problem.where)
