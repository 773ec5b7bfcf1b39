"""Ink scaled and centred as in the images of a data set of handwriting."""

import math

import numpy as np

from graphnn.pictures.ink_form import InkForm
from graphnn.types import Array

MOST = 255
FAINT = 32  # more than the artefacts of compression


def framed(strength: Array, form: InkForm, size: int) -> Array:
    """Return an image size×size, uint8, with the ink h×w (float32 in 0…1) scaled and placed in the form."""
    from PIL import Image

    side = size * form.finer
    height, width = scaled_size(strength.shape, form)
    ink = np.asarray(Image.fromarray(strength).resize((width, height), Image.Resampling.BOX)).clip(0, 1)
    ink = ink / ink.max()
    rows, columns = (place(ink.sum(axis=axis), side, by_mass=form.by_mass) for axis in (1, 0))
    bitmap = np.zeros((side, side), np.float32)
    bitmap[rows : rows + height, columns : columns + width] = ink
    shares = bitmap.reshape(size, form.finer, size, form.finer).mean(axis=(1, 3))
    return np.asarray(np.round(shares * MOST), np.uint8)


def scaled_size(shape: tuple[int, ...], form: InkForm) -> tuple[int, int]:
    """Return the height and width that ink h×w is scaled to, the largest that fit into the box of the form."""
    height, width = shape
    scale = form.height / height if form.fills_height else min(form.height / height, form.width / width)
    return max(1, round(height * scale)), max(1, min(form.width, round(width * scale)))


def place(sums: Array, side: int, *, by_mass: bool) -> int:
    """Return where ink begins along an axis of length `side`. sums: of the ink in its rows, or columns."""
    if not by_mass:
        return (side - len(sums)) // 2
    centre = float((sums * (np.arange(len(sums)) + 0.5)).sum() / sums.sum())
    return min(max(side // 2 - int(centre), 0), side - len(sums))


def has_form(image: Array, form: InkForm) -> bool:
    """Whether the bright ink of size×size fills the box of the form and lies where it does, to one pixel."""
    inked = image > FAINT
    if not inked.any():
        return False
    rows, columns = (np.flatnonzero(inked.any(axis=axis)).tolist() for axis in (1, 0))
    ink = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = (side * form.finer for side in ink.shape)
    filled = height / form.height if form.fills_height else max(height / form.height, width / form.width)
    upper, left = (place(ink.sum(axis=axis), len(image), by_mass=form.by_mass) for axis in (1, 0))
    return abs(filled - 1) * form.height <= form.finer and abs(rows[0] - upper) <= 1 and abs(columns[0] - left) <= 1


def thickened(strength: Array, form: InkForm) -> Array:
    """Return ink h×w with strokes as thick as the form's thinnest ones at least, and as much larger."""
    scale = max(strength.shape) / max(form.height, form.width)  # of the picture, for one pixel of the form
    radius = (form.thinnest * scale - stroke_width(strength)) / 2
    if radius <= 0:
        return strength
    reach = math.ceil(radius)
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    padded = np.pad(strength, 2 * reach)
    height, width = (size + 2 * reach for size in strength.shape)
    result = np.zeros((height, width), np.float32)
    for down, across in np.argwhere(x**2 + y**2 <= radius**2 + 0.5).tolist():
        np.maximum(result, padded[down : down + height, across : across + width], out=result)
    return result


def stroke_width(strength: Array) -> float:
    """Return the mean width of strokes, in pixels: twice their area divided by the length of their edges.

    That is π/4 of the number of sides of pixels between ink and ground, for edges in all directions.
    """
    ink = np.pad(strength > 0.5, 1)
    sides = sum(np.count_nonzero(np.diff(ink, axis=axis)) for axis in (0, 1))
    return 2 * np.count_nonzero(ink) / (max(sides, 1) * math.pi / 4)
