"""Files that a program writes where its user says, and that replace nothing but files that it wrote itself."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from graphnn.errors import GraphError
from graphnn.storage.regular_files import open_regular, reading_problem

HEAD = 4096  # bytes by which a file is known


def check_own_file(path: Path, is_own: Callable[[bytes], bool], refusal: str, *, head: int = HEAD) -> None:
    """Raise GraphError where no file could be written at a path; writes nothing. A link is followed.

    is_own: whether a file was written here, by its first bytes, `head` at most. refusal: what is said of any other.
    """
    real = Path(os.path.realpath(path))
    if not real.parent.is_dir():
        raise GraphError(f"{path}: there is no folder {real.parent}; make it first")
    try:
        if not is_free(real, is_own, head):
            raise GraphError(f"{path}: {refusal}")
        with tempfile.TemporaryFile(dir=real.parent):
            pass
    except OSError as problem:
        said = reading_problem(problem) if problem.filename == str(real) else f"cannot be written: {problem.strerror}"
        raise GraphError(f"{path}: {said}") from problem


def is_free(file: Path, is_own: Callable[[bytes], bool], head: int) -> bool:
    """Whether nothing is at a path, or a file that was written here. Raises OSError where it cannot be read."""
    try:
        with open_regular(file) as stream:
            return is_own(stream.read(head))
    except FileNotFoundError:
        return True
