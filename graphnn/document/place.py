"""Whether a document is a file that others can lie beside, as its weights do."""

import os
import stat
from pathlib import Path, PurePosixPath

OPEN_FILES = (PurePosixPath("/dev"), PurePosixPath("/dev/fd"))  # /dev/stdin, /dev/fd/3; Linux has them in /proc, too


def has_place(document: Path) -> bool:
    """Return whether files can lie beside a document, or none is there yet.

    They cannot where it is read from a pipe or a device, or by the name of an open file, as /dev/stdin.
    """
    try:
        mode = document.stat().st_mode
    except (OSError, ValueError):  # whoever reads it says so
        return True
    folder = PurePosixPath(os.path.realpath(document.parent))
    named_by_number = folder in OPEN_FILES or folder.parts[:2] == ("/", "proc")
    return not named_by_number and (stat.S_ISREG(mode) or stat.S_ISDIR(mode))
