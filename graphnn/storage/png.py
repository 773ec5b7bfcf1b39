"""PNG files of the very pixels, which replace nothing."""

import io
from pathlib import Path

from graphnn.errors import DataError
from graphnn.storage.regular_files import open_regular
from graphnn.storage.replacing import replacing
from graphnn.text.installing import extra_command
from graphnn.types import Array


def write_png(path: Path, pixels: Array) -> None:
    """Write pixels H×W or H×W×3 of uint8, whole or not at all; a file that has them already stays.

    Raises DataError where another file has that name, or Pillow is missing; OSError where it cannot be written.
    """
    try:
        from PIL import Image
    except ImportError as problem:
        raise DataError(f"{path}: writing pictures needs Pillow: {extra_command('images')}") from problem
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    content = stream.getvalue()
    if path.exists() or path.is_symlink():
        if holds(path, content):
            return
        raise DataError(f"{path}: is there already and holds something else; name another place")
    with replacing(path) as file:
        file.write(content)


def holds(path: Path, content: bytes) -> bool:
    """Whether a file has this content. Raises OSError where it cannot be read."""
    if not path.is_file():
        return False
    with open_regular(path) as file:
        return file.read(len(content) + 1) == content
