"""Standard output and standard error of a command: what happens where they cannot be written to."""

import contextlib
import errno
import io
import sys
from collections.abc import Iterator
from typing import Any

NAMES = {"stdout": "standard output", "stderr": "standard error"}


class Output(io.FileIO):
    """The file behind one of the two. Its first failure is raised, with its name; what is written later is dropped.

    A terminal that is gone is no failure: nobody is left to read, and the command can still save what it has.
    """

    def __init__(self, descriptor: int, name: str) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self._label, self._lost = name, False
        self.unread = {errno.EIO} if self.isatty() else set[int]()  # errors that only say that nobody reads any more

    def write(self, data: Any) -> int | None:  # type: ignore[override]
        if self._lost:
            return memoryview(data).nbytes
        try:
            return super().write(data)
        except OSError as error:
            self._lost = True
            if error.errno in self.unread:
                return memoryview(data).nbytes
            raise OSError(error.errno, error.strerror, self._label) from None


@contextlib.contextmanager
def named_outputs() -> Iterator[None]:
    """A context in which sys.stdout and sys.stderr write to an Output, where they have a file of their own."""
    former = {name: getattr(sys, name) for name in NAMES}
    for name, stream in former.items():
        if plain_file(stream):
            buffer = io.BufferedWriter(Output(stream.fileno(), NAMES[name]))
            each_line = stream.line_buffering or stream.write_through
            replacement = io.TextIOWrapper(buffer, stream.encoding, stream.errors, line_buffering=each_line)
            stream.flush()
            setattr(sys, name, replacement)
    try:
        yield
    finally:
        for name, stream in former.items():
            with contextlib.suppress(OSError):  # the caller flushes where it wants to know; here an error is under way
                getattr(sys, name).flush()
            setattr(sys, name, stream)


def go_on_unread() -> None:
    """Let the command go on when the reader of its output ends, as `head` does: what is written later is dropped."""
    for name in NAMES:
        raw = getattr(getattr(getattr(sys, name), "buffer", None), "raw", None)
        if isinstance(raw, Output):
            raw.unread.add(errno.EPIPE)


def plain_file(stream: Any) -> bool:
    """Whether a stream writes text to a file, a pipe or a terminal, and not to an Output."""
    if type(stream) is not io.TextIOWrapper:
        return False
    raw = getattr(stream.buffer, "raw", stream.buffer)
    return type(raw) is io.FileIO
