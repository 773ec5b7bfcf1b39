"""Whether an exported file is still as it was written: by a digest that it holds of itself."""

import hashlib
from collections.abc import Callable
from pathlib import Path

from graphnn.exporting.base import REPLACING, ExportError, ExportWishes

HEAD = "# Exported by graphnn; digest of the lines below: "
DIGITS = 16


def digest(content: bytes) -> str:
    """Return some hexadecimal digits that another content does not have."""
    return hashlib.sha256(content).hexdigest()[:DIGITS]


def with_digest(text: str) -> bytes:
    """Return the content of a text file that begins with a comment with its digest."""
    content = text.encode()
    return f"{HEAD}{digest(content)}\n".encode() + content


def text_unchanged(content: bytes) -> bool:
    """Whether the content of a text file is as `with_digest` made it."""
    first, _, rest = content.partition(b"\n")
    return first == f"{HEAD}{digest(rest)}".encode()


def check_unchanged(path: Path, unchanged: Callable[[bytes], bool], wishes: ExportWishes) -> None:
    """Raise ExportError where a file at a path was changed since it was exported, unless that may be replaced."""
    if wishes.replace or not path.exists():
        return
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise ExportError(f"{path}: cannot be read: {problem.strerror or problem}") from problem
    if not unchanged(content):
        raise ExportError(f"{path}: was changed since it was exported; {REPLACING}")
