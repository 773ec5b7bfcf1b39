"""The error of a text that is not JSON, with the position of each mistake in it."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path

from graphnn.document.document import Document
from graphnn.document.json_reader import JsonMistake, LineIndex
from graphnn.errors import Problem, SpecError

MANY = 8  # mistakes that are better mended by a program than by hand


class DocumentSyntaxError(SpecError):
    """The text of a document is not JSON. repaired: the document after the remedies; None where one is in doubt."""

    def __init__(self, *problems: Problem | str, repaired: Document | None = None) -> None:
        super().__init__(*problems)
        self.repaired = repaired

    def with_further(self, check: Callable[[Document], object]) -> SpecError:
        """Return an error with what a check finds in the repaired document, too, in the order of the text."""
        if self.repaired is None:
            return self
        try:
            check(self.repaired)
        except SpecError as further:
            return SpecError(*in_order_of_text([*self.problems, *further.problems], self.repaired.file))
        return self


def in_order_of_text(problems: Sequence[Problem | str], file: str) -> list[Problem | str]:
    """Return problems by their places in a file, and after them those that have none."""

    def place(problem: Problem | str) -> tuple[float, int]:
        if isinstance(problem, str) or problem.line is None or problem.file != file:
            return math.inf, 0
        return problem.line, problem.column or 0

    return sorted(problems, key=place)


def syntax_error(mistake: JsonMistake, file: str, folder: Path, lines: LineIndex) -> DocumentSyntaxError:
    """Return the error that tells all mistakes in the syntax of a text, of which the first is known."""
    from graphnn.document.json_repair import read_on  # here, for those who need the class alone
    from graphnn.document.other_formats import other_format

    def problem(offset: int, message: str) -> Problem:
        line, column = lines.position(offset)
        return Problem(message, "", file, line, column, lines.source(line))

    formats = other_format(lines.text)
    if formats:
        return DocumentSyntaxError(*(problem(each.offset, each.message) for each in formats))
    reading = read_on(lines.text, mistake)
    problems = [problem(each.offset, each.message) for each in reading.mistakes]
    if len(problems) >= MANY and is_python(lines.text):
        advice = "all of this is a value of Python, which json.dump(…, file, indent=2) writes as JSON"
        problems.append(problem(len(lines.text.rstrip()) - 1, advice))
    elif reading.following is not None:
        advice = "here and below are further mistakes, which are told when these are mended"
        problems.append(problem(reading.following, advice))
    repaired = None
    if reading.marks is not None:
        repaired = Document(file, reading.value, folder, reading.marks, reading.lines)
    return DocumentSyntaxError(*problems, repaired=repaired)


def is_python(text: str) -> bool:
    """Whether Python would read all of a text as a value."""
    import ast
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of unknown escapes
            ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return False
    return True
