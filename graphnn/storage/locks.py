"""Locks that keep processes from writing the same file."""

import contextlib
import errno
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

LONGEST_TURN = 60.0  # seconds to wait for others
PAUSE = 0.02  # seconds between two attempts


class InUse(Exception):
    """Another process has locked the file."""


def claim(file: IO[Any] | int, *, shared: bool = False, seconds: float = 0.0) -> bool:
    """Lock a file, open for writing, against other processes until it is closed, and return whether it is locked.

    shared: lock it only against those that do not share it; the file is open for reading then. seconds: to wait for it.
    False where the system or the file system has no such locks. A POSIX lock belongs to the process: forked processes
    do not inherit it, and it ends with the process, in whatever way. Raises InUse.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        return False
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    return locked(lambda: fcntl.lockf(file, kind | fcntl.LOCK_NB), seconds)


@contextlib.contextmanager
def turn(folder: Path, seconds: float) -> Iterator[None]:
    """A context that one process at a time is in; others wait for it. The folder keeps its content.

    Without such locks, nobody waits. Raises InUse where another process has been in it for so long; OSError.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        locked(lambda: fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB), seconds)
        yield
    finally:
        os.close(descriptor)


def locked(lock: Callable[[], object], seconds: float) -> bool:
    """Return whether a file is locked; False where there are no such locks. Raises InUse."""
    end = time.monotonic() + seconds
    while True:
        try:
            lock()
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EAGAIN):
                return False
            if time.monotonic() >= end:
                raise InUse from error
            time.sleep(PAUSE)
        else:
            return True


def is_at(path: Path, descriptor: int) -> bool:
    """Whether the path is still the name of the open file."""
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
