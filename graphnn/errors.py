"""The exceptions that a user can cause, which the tools print without a traceback, and the problems they report."""

from dataclasses import replace
from typing import ClassVar, Self

from graphnn.frozen_dataclass import frozen_dataclass


@frozen_dataclass
class Problem:
    """One problem in a document: where it is, what was found, and what was expected."""

    message: str
    where: str = ""  # the JSON path for messages: layers[2] "conv2"
    file: str = ""
    line: int | None = None  # line and column count from 1
    column: int | None = None
    source: str | None = None  # the line of the document, for the caret

    def __str__(self) -> str:
        position = ":".join(str(part) for part in (self.file, self.line, self.column) if part not in ("", None))
        text = ": ".join(part for part in (position, self.where, self.message) if part)
        if self.source is None or self.column is None:
            return text
        return f"{text}\n{excerpt(self.source, self.column)}"

    def without_source(self) -> Self:
        """Return the same problem without the line of the document, as notes are shown."""
        return replace(self, source=None)


EXCERPT_WIDTH = 75  # with the indentation, a line of a terminal of 80 columns


def excerpt(source: str, column: int) -> str:
    """Return the source line with a caret under `column`; of a long line, only the part around it."""
    start = max(0, column - 1 - EXCERPT_WIDTH // 2) if len(source) > EXCERPT_WIDTH else 0
    shown = source[start : start + EXCERPT_WIDTH].replace("\t", " ")
    return f"    {shown}\n    {' ' * (column - 1 - start)}^"


class GraphError(Exception):
    """The base class of all errors that a user can cause; one error reports all problems found at once."""

    exit_code: ClassVar[int] = 2

    def __init__(self, *problems: Problem | str) -> None:
        super().__init__(*problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class SpecError(GraphError):
    """The document is not a valid network: wrong syntax, schema or names, or values that contradict each other."""


class ShapeError(GraphError):
    """A layer cannot take the shape of its input."""


class WeightsError(GraphError):
    """A weights file cannot be read, or does not fit the network."""


class DataError(GraphError):
    """A data set is missing, damaged, or does not fit the network."""


class DivergenceError(GraphError):
    """The loss or a gradient is no longer finite."""

    exit_code: ClassVar[int] = 3
