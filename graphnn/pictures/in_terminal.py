"""Pictures drawn in a terminal: two pixels a character in colours where it has them, else in characters of ink."""

import math
import os
from enum import Enum
from itertools import groupby
from typing import TextIO

import numpy as np

from graphnn.text.colour import Painted, has_colour
from graphnn.text.visible import fits
from graphnn.types import Array

RAMP = " .:-=+*#%@"  # from dark to light, on a dark terminal
UPPER_HALF = "▀"  # in the colour of the upper pixel, on that of the lower one
NARROW = 80  # columns, where a terminal does not tell its width
FRAME = "||"
GAP = 2  # columns between the channels of an image
CUBE = (0, 95, 135, 175, 215, 255)  # levels of red, green and blue among the 256 colours of a terminal
GREYS = 24  # among them: 8, 18, … 238


class Colours(Enum):
    """The colours that a terminal has."""

    NONE = 0
    OF_256 = 1
    ALL = 2


def colours_of(stream: TextIO) -> Colours:
    """Return the colours of the terminal behind a stream, by COLORTERM and TERM; none for NO_COLOR, files and pipes.

    None, too, where the stream's encoding lacks the character that takes two pixels.
    """
    if not has_colour(stream) or not fits(UPPER_HALF, getattr(stream, "encoding", None) or "utf-8"):
        return Colours.NONE
    kind = os.environ.get("TERM", "")
    if os.environ.get("COLORTERM", "").lower() in ("truecolor", "24bit") or kind.endswith("-direct"):
        return Colours.ALL
    return Colours.OF_256 if "256" in kind else Colours.NONE


def picture_lines(image: Array, colours: Colours, width: int | None = None) -> list[Painted]:
    """Return the lines of an image C×H×W of uint8: 3 channels as red, green and blue, any other number each in grey.

    width: of the terminal, in columns. Larger images are drawn by the means of squares of pixels.
    """
    room = width or NARROW
    channels = [np.moveaxis(image, 0, -1)] if len(image) == 3 else [channel[..., None] for channel in image]
    most = room if colours is not Colours.NONE else (room - len(FRAME)) // 2
    blocks = [lines_of(fitted(channel, most), colours) for channel in channels]
    columns = min(channels[0].shape[1], most) if colours is not Colours.NONE else len(blocks[0][0])
    abreast = max(1, (room + GAP) // (columns + GAP))
    rows = [blocks[start : start + abreast] for start in range(0, len(blocks), abreast)]
    return [Painted((" " * GAP).join(parts)) for row in rows for parts in zip(*row, strict=True)]


def fitted(pixels: Array, most: int) -> Array:
    """Return H×W×C, by the means of squares of pixels where it is wider than `most`."""
    factor = -(-pixels.shape[1] // max(1, most))
    if factor == 1:
        return pixels
    rows, columns = (np.arange(0, size, factor) for size in pixels.shape[:2])
    sums = np.add.reduceat(np.add.reduceat(pixels.astype(np.int64), rows, axis=0), columns, axis=1)
    down, across = (np.diff([*range(0, size, factor), size]) for size in pixels.shape[:2])
    return np.asarray(sums // (down[:, None] * across)[..., None], np.uint8)


def lines_of(pixels: Array, colours: Colours) -> list[str]:
    """Return the lines of one picture H×W×C, C being 1 or 3."""
    if colours is Colours.NONE:
        edge = "+" + "-" * (2 * pixels.shape[1]) + "+"  # a pixel takes two columns, so that it is as wide as high
        grey = pixels.mean(axis=-1)
        rows = ["".join(RAMP[int(value * len(RAMP) / 256)] * 2 for value in row) for row in grey]
        return [edge, *(f"|{row}|" for row in rows), edge]
    codes = [[code(colour, colours) for colour in row] for row in pixels.tolist()]
    if len(codes) % 2:
        codes.append([""] * len(codes[0]))
    return [half_blocks(upper, lower) for upper, lower in zip(codes[::2], codes[1::2], strict=True)]


def half_blocks(upper: list[str], lower: list[str]) -> str:
    """Return two rows of pixels as one line. Their codes are those of `code`; "": nothing below."""
    parts = []
    for (above, below), run in groupby(zip(upper, lower, strict=True)):
        ground = f";48;{below}" if below else ""
        parts.append(f"\x1b[0;38;{above}{ground}m" + UPPER_HALF * len(list(run)))
    return "".join(parts) + "\x1b[0m"


def code(colour: list[int], colours: Colours) -> str:
    """Return the code of a grey, or of red, green and blue, in a sequence that sets colours (SGR 38 and 48)."""
    red, green, blue = colour if len(colour) == 3 else colour * 3
    if colours is Colours.ALL:
        return f"2;{red};{green};{blue}"
    levels = [0 if value < 48 else 1 if value < 115 else (value - 35) // 40 for value in (red, green, blue)]
    step = min(max(round(((red + green + blue) / 3 - 8) / 10), 0), GREYS - 1)
    coloured, grey = [CUBE[level] for level in levels], [8 + 10 * step] * 3
    if math.dist(grey, (red, green, blue)) < math.dist(coloured, (red, green, blue)):
        return f"5;{232 + step}"
    return f"5;{16 + (levels[0] * 6 + levels[1]) * 6 + levels[2]}"


def in_bytes(image: Array, known: tuple[float, float] | None) -> Array:
    """Return an image of any numbers as uint8. known: the values for black and white; None: its own extremes."""
    if image.dtype == np.uint8:
        return image
    low, high = known or (float(image.min()), float(image.max()))
    shares = (image.astype(np.float64) - low) / (high - low or 1)
    return np.asarray(np.round(shares.clip(0, 1) * 255), np.uint8)
