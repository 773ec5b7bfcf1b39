"""What stands at a path: a regular file, or a folder, a fifo, a device that reading would wait for or never end."""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a fifo"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class NotRegularError(OSError):
    """What stands at a path is not a regular file. strerror: "is a fifo, not a regular file"."""


def check_regular(mode: int, path: Path) -> None:
    """Raise NotRegularError unless `mode`, from the status of `path`, is that of a regular file."""
    if not stat.S_ISREG(mode):
        kind = next((words for is_kind, words in KINDS if is_kind(mode)), "something else")
        raise NotRegularError(errno.EINVAL, f"is {kind}, not a regular file", str(path))


def is_file(path: Path) -> bool:
    """Whether a regular file is at a path; False where that cannot be seen, as in another user's folder."""
    try:
        return path.is_file()
    except OSError:
        return False


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file to read. Raises OSError; NotRegularError, at once, for anything else at `path`."""
    check_regular(path.stat().st_mode, path)
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        check_regular(os.fstat(descriptor).st_mode, path)  # it may have been replaced since
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def reading_problem(problem: OSError) -> str:
    """Return why a file cannot be read, to follow its name: "is a fifo, not a regular file"."""
    said = problem.strerror or str(problem)
    return said if isinstance(problem, NotRegularError) else f"cannot be read: {said}"
