"""Pictures from PNG and JPEG files, refused by their headers where they are far too large."""

import io
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from graphnn.errors import DataError
from graphnn.storage.regular_files import open_regular

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_PIXELS = 70_000_000  # more than the largest cameras of phones take; decoding them takes up to 1.5 GB
REMEDY = "the most that are read; save it in a smaller size"
MOST_BYTES = 8 * MOST_PIXELS  # of a file; four samples of 16 bits for each pixel


def open_picture(path: Path, mode: str) -> "Image":
    """Return a picture, turned upright, in mode L or RGB; transparent pixels are blended with white.

    Raises DataError where the file is damaged, no picture or too large, or Pillow is missing; OSError where it cannot
    be read. What Pillow warns of is not shown: it is about metadata, and never about pixels.
    """
    try:
        from PIL import Image, ImageOps, UnidentifiedImageError

        from graphnn.pictures.samples_in_eight_bits import in_eight_bits
    except ImportError as problem:
        raise DataError(f"{path}: reading pictures needs Pillow: python -m pip install pillow") from problem
    try:
        with warnings.catch_warnings(), open_regular(path) as opened:
            warnings.simplefilter("ignore")
            check_bytes(path, os.fstat(opened.fileno()).st_size)
            content = opened.read()  # because Pillow asks for as many bytes as a damaged length says
            with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as file:
                check_pixels(path, *file.size)
                picture = ImageOps.exif_transpose(in_eight_bits(file, content))
            if picture.has_transparency_data:
                layer = picture.convert("RGBA")
                picture = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
            return picture.convert(mode)
    except UnidentifiedImageError as problem:
        raise DataError(f"{path}: is not a PNG or JPEG picture") from problem
    except Image.DecompressionBombError as problem:  # raised by Pillow before the size can be asked for
        raise DataError(f"{path}: has far more than {MOST_PIXELS:,} pixels, {REMEDY}") from problem
    except (SyntaxError, ValueError, EOFError) as problem:  # what Pillow's decoders raise for damage, besides OSError
        raise DataError(f"{path}: cannot be read as a picture: {problem}") from problem
    except OSError as problem:
        if problem.errno is not None:
            raise
        raise DataError(f"{path}: is damaged: {problem}") from problem


def check_bytes(path: Path, found: int) -> None:
    """Raise DataError where a file has more bytes than any picture that is read."""
    if found > MOST_BYTES:
        raise DataError(f"{path}: has {found:,} bytes, where a picture has {MOST_BYTES:,} at most")


def check_pixels(path: Path, width: int, height: int) -> None:
    """Raise DataError where a picture has more pixels than are read."""
    if width * height > MOST_PIXELS:
        raise DataError(f"{path}: {width:,}×{height:,} are more than {MOST_PIXELS:,} pixels, {REMEDY}")
