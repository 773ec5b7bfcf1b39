"""Files that are added to: without a buffer, so that closing one fails no more, and never through a link."""

import io
import os
from pathlib import Path

NO_LINKS = getattr(os, "O_NOFOLLOW", 0)  # not on Windows


def open_plain(path: Path) -> io.FileIO:
    """Open a file for adding at its end, made where it is missing. Raises OSError, also where it is a link."""
    return io.FileIO(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | NO_LINKS, 0o666), "a")


def write_all(file: io.FileIO, data: bytes) -> None:
    """Write all of the data. Raises OSError; a part may have been written then."""
    while data:
        data = data[file.write(data) :]
