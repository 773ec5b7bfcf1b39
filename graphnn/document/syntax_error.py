"""The error of a text that is not JSON, with the position of each mistake in it."""

from pathlib import Path

from graphnn.document.document import Document, DocumentSyntaxError
from graphnn.document.json_reader import JsonMistake, LineIndex
from graphnn.document.json_repair import read_on
from graphnn.document.other_formats import other_format
from graphnn.errors import Problem

MANY = 8  # mistakes that are better mended by a program than by hand


def syntax_error(mistake: JsonMistake, file: str, folder: Path, lines: LineIndex) -> DocumentSyntaxError:
    """Return the error that tells all mistakes in the syntax of a text, of which the first is known."""

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
