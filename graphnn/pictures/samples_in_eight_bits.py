"""Pictures whose samples have more or fewer than 8 bits, brought to 8 bits together with their transparent colour.

A PNG file names its transparent colour in samples of its own depth, so the pixels are compared before they are scaled.
"""

import io
from typing import Any

import numpy as np
from PIL import Image

from graphnn.types import Array

FEW_BITS = {"L;2": 2, "L;4": 4}  # Pillow's names for how greys are stored
SIXTEEN_BIT_GREYS = ("I", "I;16", "I;16B", "I;16L")
SIXTEEN_BIT_COLOURS = "RGB;16B"


def in_eight_bits(file: Any, content: bytes) -> Image.Image:
    """Return an opened picture in 8 bits a sample; pixels of its transparent colour have opacity 0.

    content: the bytes of its file. Of 16 bits the upper ones are kept, where Pillow would clip greys to white. Raises
    ValueError where samples have 32 bits, and what Pillow's decoders raise.
    """
    if file.mode == "F" or (file.mode == "I" and file.format != "PNG" and "32" in str(file.tile)):
        raise ValueError("its samples have 32 bits; save it with 8 or 16")
    stored = file.tile[0][3] if file.tile else None
    transparent = file.info.get("transparency")
    file.load()
    if file.mode in SIXTEEN_BIT_GREYS:
        samples = np.asarray(file).astype(np.uint32)
        grey = Image.fromarray((samples >> 8).astype(np.uint8))
        grey.info = {**file.info}
        return without_colour(grey, None if transparent is None else samples == transparent)
    picture: Image.Image = file.copy()
    if transparent is not None and stored in FEW_BITS:
        largest = 2 ** FEW_BITS[stored] - 1
        picture.info["transparency"] = (transparent & largest) * 255 // largest
    elif transparent is not None and stored == SIXTEEN_BIT_COLOURS:
        colours = np.asarray(file).astype(np.uint32) << 8 | lower_bytes(content)
        return without_colour(picture, (colours == transparent).all(axis=-1))
    return picture


def without_colour(picture: Image.Image, transparent: Array | None) -> Image.Image:
    """Return a picture with opacity 0 where `transparent`, H×W, is true, else 255; None: as it is, all opaque."""
    picture.info.pop("transparency", None)
    if transparent is not None:
        picture.putalpha(Image.fromarray(np.where(transparent, 0, 255).astype(np.uint8)))
    return picture


def lower_bytes(content: bytes) -> Array:
    """Return the lower bytes of the samples, H×W×3, of a PNG file with 16 bits for each of red, green and blue.

    Pillow keeps the upper bytes. Told that the samples begin with their lower byte, it keeps the other one.
    """
    with Image.open(io.BytesIO(content), formats=("PNG",)) as file:
        file.tile = [(*tile[:3], "RGB;16L") for tile in file.tile]  # type: ignore[misc]
        return np.asarray(file)
