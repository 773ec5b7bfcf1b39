"""Text that any stream can show, and the terminal's width."""

import os
import sys
from typing import TextIO

from graphnn.text.tables import ELLIPSIS


def complain(message: str) -> None:
    """Print a message on stderr, after everything that was printed before."""
    sys.stdout.flush()
    print(showable(message, sys.stderr), file=sys.stderr)


# One character for one, so that columns stay in line.
ASCII = str.maketrans({"×": "x", "─": "-", ELLIPSIS: "~", "²": "2", "−": "-", "·": ".", "–": "-", "≥": ">"})


def terminal_width(stream: TextIO | None = None) -> int | None:
    """Return the width of the terminal behind `stream` (standard output); None where it is a file or a pipe.

    The environment's COLUMNS goes before both.
    """
    stream = stream or sys.stdout
    columns = os.environ.get("COLUMNS", "")
    if columns.isdigit() and int(columns) > 0:
        return int(columns)
    try:
        return os.get_terminal_size(stream.fileno()).columns or None
    except (OSError, ValueError):  # no terminal, no file descriptor, or closed
        return None


def showable(text: str, stream: TextIO | None = None) -> str:
    """Return the text as the stream's encoding can show it: ASCII in place of ×, … and lines, where it must be."""
    encoding = getattr(stream or sys.stdout, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(ASCII).encode(encoding, "backslashreplace").decode(encoding)
    return text


def show(text: str) -> None:
    """Write text to standard output, as it can show it."""
    sys.stdout.write(showable(text))
