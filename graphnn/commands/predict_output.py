"""Where the results of predict go: to standard output, or to a file whose suffix says in which format."""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from graphnn.errors import GraphError
from graphnn.reports.formats import FOR_PROGRAMS, TABLE, Stream
from graphnn.storage.own_files import check_own_file
from graphnn.storage.text_file import text_replacing
from graphnn.text.colour import has_colour
from graphnn.text.terminal import show, terminal_width

OF_SUFFIX = {".csv": "csv", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".md": "markdown"}
STARTS = re.compile(
    rb"input,(rank,class,probability|output,value)\n|\| input \||\[\]\n\Z"
    rb'|\[?\s*\{\s*("input": "([^"\\]|\\.)*",\s*"(predictions|values)"|"line": \d+,\s*"row"): '
)
REFUSAL = "holds no predictions, so it is not replaced; name another file with --output"


def format_of(output: Path, form: str) -> str:
    """Return the format of a file of results, after its suffix. form: the value of --format.

    Raises GraphError where the suffix says none, or --format another.
    """
    found = OF_SUFFIX.get(output.suffix.lower())
    if found is None:
        known = ", ".join(OF_SUFFIX)
        raise GraphError(f'{output}: the format follows from the suffix, but "{output.suffix}" is none of {known}')
    if form not in (TABLE, found):
        raise GraphError(f"{output}: is written as {found}, after its suffix, not as {form}; leave --format out")
    return found


def check_output(output: Path, inputs: list[Path]) -> None:
    """Raise GraphError where the results cannot be written to a file, or something else would be replaced."""
    if any(output.resolve() == one.resolve() for one in inputs):
        raise GraphError(f"{output}: is one of the inputs; name another file with --output")
    check_own_file(output, lambda head: not head or STARTS.match(head) is not None, REFUSAL)


@contextmanager
def results_to(output: Path | None, form: str) -> Iterator[Stream]:
    """A context with the stream that reports of results are added to, which is ended with it.

    output: the file; None: standard output, on which each part is seen at once.
    """
    if output is None:
        stream = Stream(printing(form), form, terminal_width(), colour=has_colour(sys.stdout))
        yield stream
        stream.end()
        return
    with text_replacing(output) as write:
        stream = Stream(write, form)
        yield stream
        stream.end()


def printing(form: str) -> Callable[[str], None]:
    """Return the function that prints text in a format at once."""

    def write(text: str) -> None:
        show(text, exact=form in FOR_PROGRAMS)
        sys.stdout.flush()

    return write
