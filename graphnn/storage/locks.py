"""Locks on files, which a process holds until it ends in whatever way."""

import contextlib
import errno
from typing import TextIO


class InUse(Exception):
    """Another process has locked the file."""


def claim(file: TextIO) -> None:
    """Lock a file, open for writing, against other processes until it is closed. Raises InUse.

    A POSIX lock belongs to the process: forked processes do not inherit it, and it ends with the process, in whatever
    way. Nothing is locked where the system or the file system has no such locks.
    """
    with contextlib.suppress(ImportError):
        import fcntl  # not on Windows

        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EAGAIN):
                raise InUse from error
