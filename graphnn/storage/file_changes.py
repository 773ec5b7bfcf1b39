"""Noticing that files were saved, and waiting until whoever writes them is done."""

from collections.abc import Sequence
from pathlib import Path

POLL = 0.05  # seconds between two looks at the files
QUIET = 0.1  # seconds without a change, after which a file counts as saved
GONE = 0.7  # seconds, for a file that is missing or empty: editors delete, truncate or rename it before they write
LONGEST = 3.0  # seconds after which a file that never comes to rest is looked at all the same

Signature = tuple[int, int, int]


def signature(file: Path) -> Signature | None:
    """Return what changes when a file is saved: time, size and number; None where there is no file to be seen."""
    try:
        found = file.stat()
    except (OSError, ValueError):  # ValueError: a null byte in the name
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


class FileChanges:
    """The changes of files since they were last reported.

    It is asked again and again, by `saved(now)` every POLL seconds; now: seconds of a clock that only goes forward.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        self.files = tuple(files)
        self._reported = self._latest = self._look()
        self._first: float | None = None  # when the first change was seen that is not reported yet
        self._last = 0.0  # when the latest was
        self._torn = False  # whether what was reported last changed while it was read

    def _look(self) -> tuple[Signature | None, ...]:
        return tuple(map(signature, self.files))

    def saved(self, now: float) -> bool:
        """Whether files have changed and come to rest since this was last true."""
        current = self._look()
        if current != self._latest:
            self._latest, self._last = current, now
            self._first = now if self._first is None else self._first
        if self._latest == self._reported and not self._torn:
            self._first = None
            return False
        changed = [new for old, new in zip(self._reported, self._latest, strict=True) if new != old]
        rest = GONE if any(new is None or new[1] == 0 for new in changed) else QUIET
        if now - self._last < rest and (self._first is None or now - self._first < LONGEST):
            return False
        self._reported, self._first, self._torn = self._latest, None, False
        return True

    def torn(self) -> bool:
        """Whether files have changed since the last call of `saved`; what was read meanwhile is to be read again."""
        self._torn = self._look() != self._latest
        return self._torn
