"""Pictures of one digit, as by a phone or a drawing program, turned into images such as those of a data set."""

from pathlib import Path

import numpy as np

from graphnn.errors import DataError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.pictures.framing import framed, has_form, thickened
from graphnn.pictures.ink import LARGEST, Blank, NoInk, find_ink
from graphnn.pictures.ink_form import InkForm
from graphnn.pictures.opening import Size, decoded
from graphnn.types import Array

HALF = 128  # between the grey levels of dark and light


@frozen_dataclass
class Prepared:
    """An image size×size, uint8, bright ink on black, and notes about what was done: (kind, details) in words.

    pixels: None where the picture shows no ink on plain ground.
    """

    pixels: Array | None
    notes: tuple[tuple[str, str], ...]


def handwriting(
    path: Path, content: bytes, form: InkForm, size: int, *, invert: bool = False, most: int | None = None
) -> Prepared:
    """Return the image for the digit in the picture that the bytes of a file hold, in the form of a data set.

    A picture of size×size with a dark edge is taken as it is, and so is the inverse of one that has the form then.
    path: for messages. most: as of `decoded`. invert: ink is dark on light, and a picture of size×size is inverted and
    nothing else. Raises DataError as `decoded` does, and for a blank picture.
    """
    seen: list[Size] = []

    def needed(found: Size) -> Size:
        seen.append(found)
        longer = max(found)
        return (found[0] * LARGEST // longer, found[1] * LARGEST // longer) if longer > LARGEST else found

    picture = decoded(path, content, "L", needed, most)
    whole = seen[0] if seen else picture.size  # of a JPEG that was decoded smaller
    if whole == (size, size):
        pixels = np.asarray(picture)
        if invert:
            return Prepared(255 - pixels, ())
        if edge_mean(pixels) < HALF:
            return Prepared(pixels, ((f"is {size}×{size} and light on dark: read as it is", ""),))
        if has_form(255 - pixels, form):
            return Prepared(255 - pixels, ((f"is {size}×{size} and dark on light: inverted, else read as it is", ""),))
    try:
        ink = find_ink(picture, dark=True if invert else None)
    except Blank as problem:
        raise DataError(f"{path}: {problem}; --as-is reads it as it is") from problem
    except NoInk as problem:
        return Prepared(None, ((f"{problem}; read as a whole", ""),))
    drawn = thickened(ink.strength, form)
    ratio = whole[0] / picture.width
    left, upper, width, height = (round(value * ratio) for value in (ink.left, ink.upper, ink.width, ink.height))
    done = "dark ink on light: inverted, cropped" if ink.dark else "light ink on dark: cropped"
    notes = [(f"{done} and centred", f"{width}×{height} at x = {left}, y = {upper} of {whole[0]}×{whole[1]}")]
    if drawn is not ink.strength:
        notes.append(("thin strokes are drawn thicker", ""))
    if ink.others:
        notes.append(("shows several pieces of ink, of which the largest is read; crop it to the one you mean", ""))
    if ink.cut:
        notes.append(("the ink reaches the edge of the picture, so that a part may be missing", ""))
    return Prepared(framed(drawn, form, size), tuple(notes))


def edge_mean(pixels: Array) -> float:
    """Return the mean of the outermost pixels of H×W, or H×W×C."""
    edges = (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1])
    return float(np.concatenate([edge.reshape(-1) for edge in edges]).mean())
