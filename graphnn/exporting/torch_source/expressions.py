"""Calls as values: of modules, with arguments that may differ between instances of a class; and their text."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from graphnn.frozen_dataclass import frozen_dataclass

WIDTH = 88  # columns, as ruff and black write by default
INDENT = "    "


@frozen_dataclass
class Variable:
    """A parameter of a class or function."""

    name: str


@frozen_dataclass
class Argument:
    """An argument of a call.

    value: a number, bool, text, tuple, Variable or Call. keyword: None for a positional one. default: the value that
    need not be written; None where it always is. hint: a name for it as a parameter, where it may become one.
    """

    value: Any
    keyword: str | None = None
    default: Any = None
    hint: str | None = None

    @property
    def is_written(self) -> bool:
        """Whether it is more than the default."""
        return self.default is None or self.value != self.default


@frozen_dataclass
class Call:
    """The call of a class or function. note: its own name, for what is made of it; no part of what it is."""

    function: str
    arguments: tuple[Argument, ...] = ()
    note: str = ""

    @property
    def skeleton(self) -> Any:
        """What is the same in all instances that one class can stand for."""
        return (self.function, tuple(map(skeleton, self.arguments)))

    @property
    def slots(self) -> Iterator[Argument]:
        """The arguments that may differ between instances, at any depth, in order."""
        for argument in self.arguments:
            if isinstance(argument.value, Call):
                yield from argument.value.slots
            elif argument.hint is not None:
                yield argument

    def filled(self, values: Iterator[Any]) -> "Call":
        """Return the call with these values in its slots."""
        return replace(self, arguments=tuple(filled(argument, values) for argument in self.arguments))

    def mapped(self, change: Any) -> "Call":
        """Return the call with `change` applied to all calls in it, the innermost first, and to itself."""
        arguments = tuple(
            replace(each, value=each.value.mapped(change)) if isinstance(each.value, Call) else each
            for each in self.arguments
        )
        return change(replace(self, arguments=arguments))  # type: ignore[no-any-return]

    def inside(self) -> Iterator["Call"]:
        """Yield all calls in it, the innermost first, and itself."""
        for argument in self.arguments:
            if isinstance(argument.value, Call):
                yield from argument.value.inside()
        yield self


def skeleton(argument: Argument) -> Any:
    """Return what is the same of an argument in all instances."""
    if isinstance(argument.value, Call):
        return (argument.keyword, argument.value.skeleton)
    return (argument.keyword, ("slot", argument.hint) if argument.hint is not None else argument.value)


def filled(argument: Argument, values: Iterator[Any]) -> Argument:
    """Return an argument with the next of the values, if it is a slot."""
    if isinstance(argument.value, Call):
        return replace(argument, value=argument.value.filled(values))
    return argument if argument.hint is None else replace(argument, value=next(values))


def call(function: str, *positional: Any, **keywords: Any) -> Call:
    """Return a call. Its arguments are values, or Arguments for what may differ or need not be written."""
    given = [(None, value) for value in positional] + list(keywords.items())
    return Call(
        function,
        tuple(
            replace(value, keyword=name) if isinstance(value, Argument) else Argument(value, name)
            for name, value in given
        ),
    )


def may_differ(value: Any, hint: str, default: Any = None) -> Argument:
    """Return an argument that may differ between instances of a class."""
    return Argument(value, default=default, hint=hint)


def literal(value: Any) -> str:
    """Return the text of a number, bool, text, tuple, list or Variable."""
    if isinstance(value, Variable):
        return value.name
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str):
        return text_literal(value)
    if isinstance(value, list | tuple):
        inside = ", ".join(map(literal, value))
        if isinstance(value, list):
            return f"[{inside}]"
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e6:
        return repr(value)
    return repr(value)


def rounded(number: float) -> float:
    """Return a number without the last digits, which are rounding errors: 0.1 for 1 − 0.9."""
    return float(f"{number:.12g}")


def text_literal(text: str) -> str:
    """Return a text in the quotes that ruff and black write."""
    shown = repr(text)
    if shown[0] == "'" and '"' not in shown:
        return f'"{shown[1:-1]}"'
    return shown


def single(number: float) -> str:
    """Return the shortest text that is the same number in float32."""
    return repr(float(str(np.float32(number))))


def inline(value: Any) -> str:
    """Return the text of a call or value in one line."""
    if isinstance(value, list):
        return f"[{', '.join(map(inline, value))}]"
    if not isinstance(value, Call):
        return literal(value)
    return f"{value.function}({', '.join(map(argument_text, written(value)))})"


def written(value: Call) -> list[Argument]:
    """Return the arguments that are written."""
    return [argument for argument in value.arguments if argument.is_written]


def argument_text(argument: Argument) -> str:
    """Return the text of an argument in one line."""
    shown = inline(argument.value)
    return shown if argument.keyword is None else f"{argument.keyword}={shown}"


def laid_out(start: str, value: Any, indent: int, end: str = "") -> list[str]:
    """Return the lines `start value end`, indented by so many levels: in one line where it fits."""
    margin = INDENT * indent
    whole = f"{margin}{start}{inline(value)}{end}"
    if len(whole) <= WIDTH or not (isinstance(value, Call | list) and value_items(value)):
        return [whole]
    opening, closing = (f"{value.function}(", ")") if isinstance(value, Call) else ("[", "]")
    lines = [f"{margin}{start}{opening}"]
    for prefix, item in value_items(value):
        lines += laid_out(prefix, item, indent + 1, ",")
    return [*lines, f"{margin}{closing}{end}"]


def value_items(value: Any) -> list[tuple[str, Any]]:
    """Return the items of a call or list, each with what stands before it."""
    if isinstance(value, list):
        return [("", item) for item in value]
    return [(f"{each.keyword}=" if each.keyword else "", each.value) for each in written(value)]


def wrapped(text: str, first: str, rest: str, width: int = WIDTH) -> list[str]:
    """Return words in lines. first, rest: what begins the first line and the others."""
    lines, line = [], first
    for word in text.split():
        if len(line) + len(word) + 1 > width and line.strip():
            lines.append(line.rstrip())
            line = rest
        line += word if line in (first, rest) else f" {word}"
    return [*lines, line.rstrip()]


def joined(sections: Iterable[list[str]]) -> str:
    """Return sections of lines as a file, two empty lines between them."""
    return "\n\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def quotable(text: str) -> str:
    """Return a text as it can stand in a docstring."""
    shown = "".join(each if each.isprintable() else " " for each in text)
    return shown.replace("\\", "/").replace('"', "'").strip()


def class_lines(classes: Sequence[str]) -> list[str]:
    """Return the lines with the names of the classes."""
    lines, some = [], list[str]()
    for name in classes:
        if some and len(f"CLASSES += {literal([*some, name])}") > WIDTH:
            lines.append(some)
            some = []
        some.append(name)
    return [f"CLASSES {'+=' if number else '='} {literal(each)}" for number, each in enumerate([*lines, some])]
