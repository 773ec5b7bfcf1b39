"""Locks that keep processes from writing the same file."""

import errno
from typing import IO, Any


class InUse(Exception):
    """Another process has locked the file."""


def claim(file: IO[Any] | int) -> bool:
    """Lock a file, open for writing, against other processes until it is closed, and return whether it is locked.

    False where the system or the file system has no such locks. A POSIX lock belongs to the process: forked processes
    do not inherit it, and it ends with the process, in whatever way. Raises InUse.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        return False
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EAGAIN):
            raise InUse from error
        return False
    return True
