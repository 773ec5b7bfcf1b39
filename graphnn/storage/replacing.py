"""Replacing files whole or not at all, and removing what killed processes left of it."""

import contextlib
import errno
import os
import re
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from graphnn.storage.locks import InUse, claim, is_at
from graphnn.storage.regular_files import check_regular

TEMPORARY = re.compile(r"\.graphnn-[0-9a-f]{16}\.tmp")
HOUR = 3600  # seconds; without locks, a temporary file that nothing was written to for so long has no writer
WRITTEN: set[Path] = set()  # the temporary files of this process, which its own locks do not protect from itself


@contextmanager
def replacing(path: Path, *, follow: bool = False) -> Iterator[BinaryIO]:
    """Open a temporary file that replaces `path` when the block ends, and is deleted if the block raises.

    The replacement is atomic: another process sees the old file or the new one, never a part of it, even after a crash
    of the machine, because file and folder are fsynced. The permissions of a file that is replaced are kept. follow:
    of a symbolic link, replace the file that it leads to, rather than the link itself. Raises OSError, also for a link
    to be followed that leads nowhere, and where anything but a regular file is in the way.
    """
    target, permissions = place_of(path, follow=follow)
    descriptor, temporary, locked = new_temporary(target.parent, 0o666 if permissions is None else 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if permissions is not None and stat.S_IMODE(os.fstat(descriptor).st_mode) != permissions:
                temporary.chmod(permissions)
            yield file
            file.flush()
            os.fsync(descriptor)
            if locked:  # until the file has its name, so that nobody takes it for abandoned
                temporary.replace(target)
        if not locked:  # Windows renames closed files only
            temporary.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):  # what is raised already says more
            temporary.unlink(missing_ok=True)
        raise
    finally:
        WRITTEN.discard(temporary)
    fsync_folder(target.parent)


def place_of(path: Path, *, follow: bool) -> tuple[Path, int | None]:
    """Return the file to replace, and its permissions, or None where there is none. Raises OSError."""
    try:
        mode = path.stat().st_mode if follow else path.lstat().st_mode
    except FileNotFoundError as error:
        if follow and path.is_symlink():
            reason = f"is a link to {path.readlink()}, which does not exist"
            raise FileNotFoundError(errno.ENOENT, reason, str(path)) from error
        return path, None
    if stat.S_ISLNK(mode):
        return path, None
    check_regular(mode, path)
    return Path(os.path.realpath(path)) if follow else path, stat.S_IMODE(mode) & 0o777


def new_temporary(folder: Path, permissions: int) -> tuple[int, Path, bool]:
    """Make a temporary file in `folder`; return its descriptor, its path, and whether it is locked. Raises OSError.

    Between making and locking it, another process may take it for abandoned: then it makes another.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    while True:
        temporary = folder / f".graphnn-{secrets.token_hex(8)}.tmp"
        WRITTEN.add(temporary)
        try:
            descriptor = os.open(temporary, flags, permissions)
        except OSError:
            WRITTEN.discard(temporary)
            raise
        with contextlib.suppress(InUse):
            locked = claim(descriptor)
            if not locked or is_at(temporary, descriptor):
                return descriptor, temporary, locked
        os.close(descriptor)
        WRITTEN.discard(temporary)


def remove_abandoned(folder: Path) -> None:
    """Delete the temporary files in `folder` whose process has ended without doing so; never raises OSError.

    Those are the ones that can be locked; where there are no locks, those not written to for an hour.
    """
    with contextlib.suppress(OSError):  # no such folder, or one that may not be read
        for file in [file for file in folder.iterdir() if TEMPORARY.fullmatch(file.name) and file not in WRITTEN]:
            with contextlib.suppress(OSError, InUse):  # another's, being written, or gone by now
                remove_if_abandoned(file)


def remove_if_abandoned(file: Path) -> None:
    """Delete a temporary file that has no writer. Raises InUse where it has one, OSError where it cannot be told."""
    if not stat.S_ISREG(file.lstat().st_mode):
        return
    descriptor = os.open(file, os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    try:
        locked = claim(descriptor)
        old = time.time() - os.fstat(descriptor).st_mtime > HOUR
        if locked and is_at(file, descriptor):
            file.unlink()
    finally:
        os.close(descriptor)
    if not locked and old:
        file.unlink()


def fsync_folder(folder: Path) -> None:
    """Make changes of the names in `folder` survive a crash of the machine, on systems that can fsync a folder."""
    if not hasattr(os, "O_DIRECTORY"):  # Windows
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
