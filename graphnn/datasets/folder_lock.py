"""FolderLock: lets one process at a time fill a folder, and removes what killed ones left there."""

import contextlib
import errno
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from graphnn.storage.locks import is_at

LOCK = ".downloading.lock"
UNPACKING = ".unpacking-"  # the start of the names of folders in which archives are unpacked
OWN = ".downloading-"  # the start of the names of files that are downloaded where there are no locks
POLL = 0.1  # seconds between two looks at the lock of another process
ABANDONED = 3600.0  # seconds after which, where there are no locks, nobody works on an unchanged file any more
BUSY = (errno.EACCES, errno.EAGAIN)


class FolderLock:
    """A context in which no other process fills `folder`; it waits for one that does.

    held: False where the system or the file system has no locks; then each process works under names of its own. The
    lock of a process ends with it, in whatever way. `waiting` is called once where another process has the lock. Raises
    OSError where the folder cannot be written.
    """

    def __init__(self, folder: Path, waiting: Callable[[], None]) -> None:
        self.folder = folder
        self.held = False
        self._waiting = waiting
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._descriptor = locked(self.folder / LOCK, self._waiting)
        self.held = self._descriptor is not None
        try:
            self.tidy(self.folder)
        except BaseException:
            self._release()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._release()

    def tidy(self, folder: Path) -> None:
        """Remove what processes that were killed left in a folder that is filled under this lock. Raises OSError."""
        remove_leftovers(folder, age=0.0 if self.held else ABANDONED)

    def _release(self) -> None:
        if self._descriptor is None:
            return
        path = self.folder / LOCK
        if is_at(path, self._descriptor):
            path.unlink(missing_ok=True)
        os.close(self._descriptor)

    @contextlib.contextmanager
    def part(self, name: str) -> Iterator[Path]:
        """The path of an incomplete file, name.part, to work on; without locks, under a name of this process alone.

        What is left of it when the block ends is name.part.
        """
        part = part_of(self.folder, name)
        if self.held:
            yield part
            return
        own = self.folder / f"{OWN}{secrets.token_hex(8)}-{part.name}"
        with contextlib.suppress(FileNotFoundError):
            part.rename(own)
        try:
            yield own
        finally:
            with contextlib.suppress(FileNotFoundError):
                own.replace(part)


def part_of(folder: Path, name: str) -> Path:
    """Return the path that a file has in `folder` until it is complete."""
    return folder / f"{name}.part"


def locked(path: Path, waiting: Callable[[], None]) -> int | None:
    """Return the descriptor of a new lock file, locked; None where there are no locks. Raises OSError."""
    try:
        import fcntl
    except ImportError:  # Windows
        return None
    told = False
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if is_at(path, descriptor):  # the one who had the lock may have removed its file
                return descriptor
        except OSError as problem:
            if problem.errno not in BUSY:
                os.close(descriptor)
                path.unlink(missing_ok=True)
                return None
            if not told:
                waiting()
                told = True
            time.sleep(POLL)
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def remove_leftovers(folder: Path, *, age: float) -> None:
    """Remove the temporary files and folders in `folder` that have not changed for `age` seconds.

    With a lock, whoever made them has died, and age is 0. Raises OSError.
    """
    for path in (*folder.glob(f"{UNPACKING}*"), *folder.glob(f"{OWN}*.part")):
        with contextlib.suppress(FileNotFoundError):  # another process removes it, too
            if path.is_symlink() or (age and time.time() - path.stat().st_mtime < age):
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
