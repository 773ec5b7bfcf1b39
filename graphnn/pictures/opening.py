"""Pictures from files of the usual kinds, refused by their headers where they are far too large."""

import io
import os
import struct
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from graphnn.errors import DataError
from graphnn.storage.regular_files import open_regular
from graphnn.text.installing import extra_command

if TYPE_CHECKING:
    from PIL.Image import Image

SUFFIXES = (".png", ".jpg", ".jpeg", ".jfif", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm")
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM")  # what a file holds decides, not its suffix
KINDS = "PNG, JPEG, WebP, BMP, GIF, TIFF, PPM or PGM"
MOST_PIXELS = 70_000_000  # more than the largest cameras of phones take; decoding them takes up to 1.5 GB
REMEDY = "the most that are read; save it in a smaller size"
MOST_BYTES = 8 * MOST_PIXELS  # of a file; four samples of 16 bits for each pixel
ORIENTATION = 0x0112  # the tag in EXIF
LYING = range(5, 9)  # orientations that swap width and height
UNREADABLE = (SyntaxError, ValueError, EOFError, struct.error, KeyError, IndexError, TypeError, OverflowError)

Size = tuple[int, int]  # width and height


@contextmanager
def without_warnings() -> Iterator[None]:
    """A context in which what Pillow warns of is not shown: it is about metadata, and never about pixels.

    It is for all threads of the process, so only one of them may be in it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def picture_bytes(path: Path) -> bytes:
    """Return the bytes of a file. Raises DataError where they are too many, OSError where it cannot be read."""
    with open_regular(path) as opened:
        found = os.fstat(opened.fileno()).st_size
        if found > MOST_BYTES:
            raise DataError(f"{path}: has {found:,} bytes, where a picture has {MOST_BYTES:,} at most")
        return opened.read()  # all, because Pillow asks for as many as a damaged length says


class TooManyPixelsError(DataError):
    """A picture has more pixels than are read."""


def decoded(
    path: Path,
    content: bytes,
    mode: str,
    needed: Callable[[Size], Size] | None = None,
    most: int | None = None,
) -> "Image":
    """Return a picture, turned upright, in mode L or RGB; transparent pixels are blended with white.

    path: of the file, for messages. Of several pictures in a file it is the first. needed: of the picture's size, the
    least that is of use; a JPEG that is at least twice, 4 or 8 times as large is decoded to the 2nd, 4th or 8th part of
    its size, several times as fast. most: pixels that are read, by default
    MOST_PIXELS. Raises TooManyPixelsError for more, by the header alone, and
    DataError where the file is damaged or no picture, or Pillow is missing.
    """
    try:
        from PIL import Image, ImageOps, UnidentifiedImageError

        from graphnn.pictures.samples_in_eight_bits import in_eight_bits
    except ImportError as problem:
        raise DataError(f"{path}: reading pictures needs Pillow: {extra_command('images')}") from problem
    most = most or MOST_PIXELS
    if not content:
        raise DataError(f"{path}: is empty")
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as file:
            check_pixels(path, *file.size, most)
            if needed is not None and file.format in ("JPEG", "MPO"):
                file.draft(mode, least(file, needed))
            picture = in_eight_bits(file, content)
        ImageOps.exif_transpose(picture, in_place=True)
        if picture.has_transparency_data:
            layer = picture.convert("RGBA")
            picture = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
        return picture if picture.mode == mode else picture.convert(mode)
    except UnidentifiedImageError as problem:
        raise DataError(f"{path}: is not a picture of a kind that is read: {KINDS}") from problem
    except Image.DecompressionBombError as problem:  # raised by Pillow before the size can be asked for
        raise TooManyPixelsError(f"{path}: has far more than {most:,} pixels, {REMEDY}") from problem
    except UNREADABLE as problem:  # what Pillow's decoders raise for damage, besides OSError
        raise DataError(f"{path}: cannot be read as a picture: {problem or type(problem).__name__}") from problem
    except OSError as problem:
        if problem.errno is not None:
            raise
        raise DataError(f"{path}: is damaged: {problem}") from problem


def least(file: "Image", needed: Callable[[Size], Size]) -> Size:
    """Return the least width and height that are of use of an opened picture that may lie on its side."""
    if file.getexif().get(ORIENTATION) not in LYING:
        return needed(file.size)
    width, height = needed((file.height, file.width))
    return height, width


def check_pixels(path: Path, width: int, height: int, most: int) -> None:
    """Raise TooManyPixelsError where a picture has more pixels than are read."""
    if width * height > most:
        raise TooManyPixelsError(f"{path}: {width:,}×{height:,} are more than {most:,} pixels, {REMEDY}")
