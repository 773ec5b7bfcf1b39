"""Variants of a document from the command line: the combinations of values that --vary gives."""

import itertools
import math
from collections.abc import Iterator, Sequence

from graphnn.document.json_reader import json_or_text
from graphnn.errors import Problem, SpecError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.specification.overrides import same, short_names, shortened
from graphnn.specification.variants import Variant

MOST = 1000  # combinations; more are a slip of the pen, or a matter for another way of searching
EXAMPLE = "write KEY=VALUE,VALUE,…, for example optimizer.learning_rate=0.1,0.01"
OPENING, CLOSING = "[{", "]}"


@frozen_dataclass
class Axis:
    """One setting and the values that it takes, as they are written. target: its path. argument: both together."""

    target: str
    texts: tuple[str, ...]
    argument: str

    @property
    def source(self) -> str:
        """How messages name it."""
        return f"--vary {shortened(self.argument)}"

    def override(self, text: str) -> str:
        """Return one of the values as --set takes it."""
        return f"{self.target}={text}"


def grid(arguments: Sequence[str], overrides: Sequence[str]) -> tuple[Variant, ...]:
    """Return a variant for each combination of values. arguments: those of --vary; overrides: those of --set.

    The values of the last argument change fastest. Raises SpecError with the problems of all arguments.
    """
    axes, problems = list[Axis](), list[Problem]()
    for argument in arguments:
        try:
            axes.append(axis_of(argument, [axis.target for axis in axes], overrides))
        except ValueError as error:
            problems.append(Problem(str(error), file=f"--vary {shortened(argument)}"))
    if problems:
        raise SpecError(*problems)
    count = math.prod(len(axis.texts) for axis in axes)
    if count > MOST:
        counts = " × ".join(str(len(axis.texts)) for axis in axes)
        raise SpecError(f"--vary: {counts} are {count:,} combinations, where {MOST:,} are the most; give fewer values")
    names = short_names([axis.target for axis in axes])
    return tuple(combination(axes, names, texts) for texts in itertools.product(*(axis.texts for axis in axes)))


def axis_of(argument: str, others: Sequence[str], overrides: Sequence[str]) -> Axis:
    """Return the setting and the values of an argument. Raises ValueError where they are not several different ones."""
    target, equals, text = argument.partition("=")
    target = target.strip()
    if not equals or not target:
        raise ValueError(EXAMPLE)
    if target in others:
        raise ValueError(f"{target} is varied already; give all its values at once")
    inside = next((other for other in others if other.startswith((f"{target}.", f"{target}["))), None)
    if inside is not None:
        raise ValueError(
            f"{target} replaces {inside}, which is varied, too; write it before that, or leave one of them out"
        )
    if any(override.partition("=")[0].strip() == target for override in overrides):
        raise ValueError(f"{target} is also set by --set, which would have no effect; leave one of them out")
    texts = tuple(part.strip() for part in parts(text))
    if "" in texts:
        raise ValueError(f"a value is missing; {EXAMPLE}")
    values = [json_or_text(each) for each in texts]
    again = next((texts[at] for at, value in enumerate(values) if any(same(value, each) for each in values[:at])), None)
    if again is not None:
        raise ValueError(f"the value {again} stands there twice")
    if len(texts) == 1:
        raise ValueError(f"one value varies nothing; {EXAMPLE}, or --set for all trainings alike")
    return Axis(target, texts, argument)


def parts(text: str) -> Iterator[str]:
    """Yield the parts between commas, but for commas within the brackets and strings of JSON."""
    start, depth, in_string, escaped = 0, 0, False, False
    for at, character in enumerate(text):
        if in_string:
            in_string, escaped = escaped or character != '"', character == "\\" and not escaped
        elif character == '"':
            in_string = True
        elif character in OPENING:
            depth += 1
        elif character in CLOSING:
            depth -= 1
        elif character == "," and depth <= 0:
            yield text[start:at]
            start = at + 1
    yield text[start:]


def combination(axes: Sequence[Axis], names: Sequence[str], texts: Sequence[str]) -> Variant:
    """Return the variant with these values, called after them: learning_rate=0.1, momentum=0.9."""
    values = tuple(zip(names, texts, strict=True))
    overrides = tuple(axis.override(text) for axis, text in zip(axes, texts, strict=True))
    positions = tuple(Problem("", file=axis.source) for axis in axes)
    return Variant(", ".join(f"{name}={text}" for name, text in values), overrides, positions, values)
