"""Where a command writes what it makes of a document: where --output says, or beside it."""

from argparse import Namespace
from pathlib import Path

from graphnn.commands.arguments import Parser
from graphnn.runs.reading import has_place


def output_place(own: Parser, arguments: Namespace, what: str, ending: str) -> Path:
    """Return where the output goes. what: it, with its article; ending: of its name beside the document, NAME.html.

    Raises UsageError where nothing can lie beside the document, and no place is named.
    """
    if arguments.output is not None:
        output: Path = arguments.output
        return output
    document: Path = arguments.spec
    if not has_place(document):
        own.error(f"{document} is no file on a disk, beside which {what} could lie; name one with --output")
    return document.with_name(f"{document.stem}{ending}")
