"""Pictures brought to the size of a network's input: fitted in with bars, cropped, or stretched."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.pictures.opening import Size, decoded
from graphnn.types import Array

if TYPE_CHECKING:
    from PIL.Image import Image

RESIZES = ("fit", "crop", "stretch")
MODES = {1: "L", 3: "RGB"}  # Pillow's, by the number of channels
BILINEAR = 2  # Pillow's number; it weighs all pixels that a new one covers, so that fine patterns do not alias
GREY = 128  # of bars: in the middle of what pixels can be, so that they are near 0 once normalised
SPARE = 2  # a JPEG is decoded to at least so many times the size: then it differs no more from an exact mean of the
# pixels than the bilinear one of all pixels does; means over 60 pictures of 500×375: 5.1 of 255 and 4.7 for 64×48


@frozen_dataclass
class Fitted:
    """A picture in the size of a network's input. pixels: H×W×C uint8. size: width and height that it had."""

    pixels: Array
    size: Size


def fitted(path: Path, content: bytes, shape: tuple[int, int, int], resize: str, most: int | None = None) -> Fitted:
    """Return the picture in the bytes of a file, brought to C×H×W; resize: as `resized`.

    path: for messages. most: as of `decoded`. Training and prediction both come here, so that a network sees what it
    was trained on. Raises DataError as `decoded`.
    """
    channels, height, width = shape
    seen: list[Size] = []

    def needed(size: Size) -> Size:
        seen.append(size)
        across, down = inner_size(size, (width, height), resize)
        return math.ceil(SPARE * across), math.ceil(SPARE * down)

    picture = decoded(path, content, MODES[channels], needed, most)
    size = seen[0] if seen else picture.size  # of a JPEG that was decoded smaller
    result = resized(picture, (width, height), resize)
    return Fitted(np.asarray(result).reshape(height, width, channels), size)


def resized(picture: "Image", size: Size, resize: str) -> "Image":
    """Return a picture of mode L or RGB in this size, by bilinear means over all pixels that a new one covers.

    resize: "fit" keeps all of it, and its aspect: what is left at two sides is middle grey, GREY. "crop" keeps the
    aspect and fills the size: what protrudes at two sides is cut off in equal parts. "stretch" fills the size with all
    of it.
    """
    if resize == "stretch" or picture.size == size:
        return picture.resize(size, BILINEAR)
    across, down = inner_size(picture.size, size, resize)
    if resize == "crop":
        width = min(picture.width * size[0] / across, picture.width)  # rounded, it may be a little more
        height = min(picture.height * size[1] / down, picture.height)
        left, top = (picture.width - width) / 2, (picture.height - height) / 2
        return picture.resize(size, BILINEAR, box=(left, top, left + width, top + height))
    from PIL import Image

    inner = picture.resize((max(1, round(across)), max(1, round(down))), BILINEAR)
    result = Image.new(picture.mode, size, GREY if picture.mode == "L" else (GREY,) * 3)
    result.paste(inner, ((size[0] - inner.width) // 2, (size[1] - inner.height) // 2))
    return result


def inner_size(picture: Size, size: Size, resize: str) -> tuple[float, float]:
    """Return the width and height that a whole picture has after resizing, with what is cut off."""
    if resize == "stretch":
        return size
    scales = [new / old for new, old in zip(size, picture, strict=True)]
    scale = min(scales) if resize == "fit" else max(scales)
    return picture[0] * scale, picture[1] * scale
