"""RunLog: what a run has printed, with times, in its folder."""

import io
import time
from pathlib import Path

from graphnn.storage.plain_files import open_plain, write_all
from graphnn.text.visible import visible


class RunLog:
    """The lines of a run. Those from before its folder exists are kept until `attach`."""

    def __init__(self) -> None:
        self._waiting: list[str] = []
        self._file: io.FileIO | None = None
        self._name = Path()
        self.problem: str | None = None

    def add(self, text: str) -> None:
        """Add what was printed, each line with the time, and with escapes for what would command a terminal.

        A log that cannot be written stops no training: `problem` says why, and the rest is left out.
        """
        stamp = time.strftime("%Y-%m-%d %H:%M:%S")
        lines = "".join(f"{stamp}  {line}".rstrip() + "\n" for line in visible(text).split("\n"))
        if self._file is None:
            self._waiting.append(lines)
        elif self.problem is None:
            self._write(lines)

    def attach(self, file: Path) -> None:
        """Write to a file from now on, and what has waited first. Raises OSError where it cannot be opened."""
        self._file, self._name = open_plain(file), file
        self._write("".join(self._waiting))
        self._waiting.clear()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _write(self, lines: str) -> None:
        assert self._file is not None
        try:
            write_all(self._file, lines.encode(errors="backslashreplace"))
        except OSError as error:
            self.problem = f"{self._name}: cannot be written: {error.strerror}"
