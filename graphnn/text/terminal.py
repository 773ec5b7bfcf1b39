"""Output to a terminal: text in the stream's encoding, messages on stderr, and the terminal's width."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import TextIO

from graphnn.text.colour import Meaning, Painted, has_colour, painted
from graphnn.text.tables import ELLIPSIS
from graphnn.text.visible import encodable, visible

SAID: ContextVar[set[str] | None] = ContextVar("said", default=None)  # the notes printed so far, in each_note_once


HEARD: ContextVar[Callable[[str], None] | None] = ContextVar("heard", default=None)  # who hears messages too


# Who prints messages in place of this process, which does a part of another one's work.
ELSEWHERE: ContextVar[Callable[[str], None] | None] = ContextVar("elsewhere", default=None)


# Makes room for text among lines that move; see text/working.py.
ROOM: ContextVar[Callable[[], AbstractContextManager[None]]] = ContextVar("room", default=nullcontext)


def complain(message: str, style: Meaning | None = None) -> None:
    """Print a message on stderr, after everything that was printed before.

    style: the colour of its first line, up to the first colon and space if it is a NOTE, where there are colours.
    """
    heard = HEARD.get()
    if heard is not None:
        heard(message)
    elsewhere = ELSEWHERE.get()
    if elsewhere is not None:
        elsewhere(message)
        return
    with ROOM.get()():
        sys.stdout.flush()
        print(showable(in_colour(message, style), sys.stderr), file=sys.stderr)


def in_colour(message: str, style: Meaning | None) -> str:
    """Return a message for stderr, with its beginning in a colour where there are colours."""
    if style is None or not has_colour(sys.stderr):
        return message
    first, separator, rest = message.partition(":" if style is Meaning.NOTE else "\n")
    if style is Meaning.NOTE:
        first, separator = first + separator, ""
    return Painted(painted(first, style) + visible(separator + rest))


def note(message: object) -> None:
    """Print a note on stderr: something that a user should know, but that stops nothing."""
    text, said = f"note: {message}", SAID.get()
    if said is None or text not in said:
        complain(text, Meaning.NOTE)
    if said is not None:
        said.add(text)


@contextmanager
def heard_by(listener: Callable[[str], None]) -> Iterator[None]:
    """A context in which messages are also given to a listener."""
    token = HEARD.set(listener)
    try:
        yield
    finally:
        HEARD.reset(token)


@contextmanager
def printed_by(printer: Callable[[str], None]) -> Iterator[None]:
    """A context in which messages are given to a printer, in place of being printed; `repeat` prints them there."""
    token = ELSEWHERE.set(printer)
    try:
        yield
    finally:
        ELSEWHERE.reset(token)


def repeat(message: str) -> None:
    """Print a message that another process has said, as `note` or `complain` would have there."""
    beginning = "note: "
    if message.startswith(beginning):
        note(message.removeprefix(beginning))
    else:
        complain(message)


@contextmanager
def each_note_once() -> Iterator[None]:
    """A context in which a note that was printed is not printed again."""
    token = SAID.set(set())
    try:
        yield
    finally:
        SAID.reset(token)


# One character for each, so that columns stay aligned.
ASCII = str.maketrans({"×": "x", "─": "-", ELLIPSIS: "~", "²": "2", "−": "-", "·": ".", "–": "-", "≥": ">", "→": ">"})


def terminal_width(stream: TextIO | None = None) -> int | None:
    """Return the width of the terminal behind `stream`, by default standard output; None for a file or a pipe.

    The environment variable COLUMNS overrides both.
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
    """Return the text as a stream can show it: without commands to a terminal, and in characters of its encoding.

    Others are written as escapes, those of ASCII as a similar one: "x" for "×", "~" for "…".
    """
    safe = text if isinstance(text, Painted) else visible(text)
    return encodable(safe, getattr(stream or sys.stdout, "encoding", None) or "utf-8", ASCII)


def show(text: str, *, exact: bool = False) -> None:
    """Write text to standard output, in characters that its encoding has. exact: no character for a similar one."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    with ROOM.get()():
        safe = text if isinstance(text, Painted) else visible(text)
        sys.stdout.write(encodable(safe, encoding, {} if exact else ASCII))


def say(text: str) -> None:
    """Print a line, or lines, on standard output at once."""
    with ROOM.get()():
        print(showable(text), flush=True)
