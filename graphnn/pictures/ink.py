"""The ink of one digit in a picture: found on its ground, apart from specks, lines of the paper and other ink."""

import math
from typing import TYPE_CHECKING

import numpy as np

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.pictures.background import DARKEST, FAINTEST, darkest, depth_of, highest, ink_is_dark, noise_of
from graphnn.pictures.pieces import Pieces, pieces_of
from graphnn.types import Array

if TYPE_CHECKING:
    from PIL.Image import Image

LARGEST = 640  # pixels along the longer side of what is looked at; larger pictures are reduced
LEAST_SMOOTHED = 64  # pixels along the shorter side of a picture that may be smoothed
NOISY = 2.0  # grey levels; the standard deviation of noise from which a picture is smoothed
SMOOTHING = 1.2  # radius in pixels
CLEAR = 8  # times the noise, which ink has to exceed; between extremes of noise alone lie 7
FULL = 0.5  # of a picture; ink covers less
EDGE = 0.4  # of the strength of the ink: where a stroke ends
RISE = (0.25, 0.75)  # of the strength of the ink: where a pixel begins to be ink, and where it is nothing else
HALO = 5  # pixels; a window in which ink fades out around a piece


class NoInk(Exception):
    """A picture without a drawing on plain ground; the message says what it shows instead."""


class Blank(NoInk):
    """A picture in which nothing stands out from the ground."""


@frozen_dataclass
class Ink:
    """The ink of one digit.

    strength: h×w, float32 in 0…1, cut to the ink. left, upper, width, height: of that cut, in pixels of the picture.
    dark: whether the ink is darker than the ground. others: other pieces of ink, without specks. cut: whether it
    reaches the edge of the picture.
    """

    strength: Array
    left: int
    upper: int
    width: int
    height: int
    dark: bool
    others: int
    cut: bool


def find_ink(picture: "Image", dark: bool | None = None) -> Ink:
    """Return the ink of the one digit in a picture of mode L, the largest of several.

    dark: whether ink is darker than the ground; None: as it looks. Raises NoInk.
    """
    factor = -(-max(picture.size) // LARGEST)
    grey, noise = smoothed(picture.reduce(factor) if factor > 1 else picture)
    dark = ink_is_dark(grey) if dark is None else dark
    depth = depth_of(grey, dark=dark)
    level = strength_of_ink(depth, noise / max(DARKEST, float(np.median(grey if dark else 255 - grey))))
    mask = depth > EDGE * level
    if mask.mean() > FULL:
        raise NoInk("shows no drawing on plain ground")
    pieces = pieces_of(mask)
    chosen, others = pieces_of_digit(pieces, mask.shape)
    upper, left = pieces.boxes[chosen, :2].min(axis=0).tolist()
    lower, right = pieces.boxes[chosen, 2:].max(axis=0).tolist()
    rise = np.clip((depth / level - RISE[0]) / (RISE[1] - RISE[0]), 0, 1)
    near = highest(np.pad(np.isin(pieces.labels, chosen + 1), HALO // 2), HALO)
    rise[~near] = 0
    return Ink(
        strength=rise[upper:lower, left:right],
        left=left * factor,
        upper=upper * factor,
        width=min((right - left) * factor, picture.width - left * factor),
        height=min((lower - upper) * factor, picture.height - upper * factor),
        dark=dark,
        others=others,
        cut=min(upper, left) == 0 or lower == mask.shape[0] or right == mask.shape[1],
    )


def smoothed(picture: "Image") -> tuple[Array, float]:
    """Return the pixels H×W of a picture, smoothed if it is noisy, and the standard deviation of the noise left."""
    grey = np.asarray(picture)
    noise = noise_of(grey)
    if noise <= NOISY or min(grey.shape) < LEAST_SMOOTHED:
        return grey, noise
    from PIL import ImageFilter

    return np.asarray(picture.filter(ImageFilter.GaussianBlur(SMOOTHING))), noise / (2 * SMOOTHING * math.pi**0.5)


def strength_of_ink(depth: Array, noise: float) -> float:
    """Return how strong the ink typically is. noise: the deviation of the depth of the ground. Raises Blank."""
    top = darkest(depth)
    if top < max(FAINTEST, CLEAR * noise):
        raise Blank("is blank: no ink stands out from the ground")
    return float(np.median(depth[depth > top / 2]))


SPECK = 0.04  # of the area of the digit's largest piece; what is smaller is a speck
OTHER = 0.15  # of it, from which a piece elsewhere is ink of its own
LESSER = 0.5  # of it; a piece that is smaller and NEAR belongs to the digit
NEAR = 0.15  # of the longer side of the digit's largest piece
TOUCHING = 0.05  # the same, for a piece of any size
INNER = 0.1  # of the largest area, from which a piece that does not reach the edge of the picture is preferred
FRAMED = 0.25  # of the sides of a frame, which the digit in it has at least
MANY = 25  # pieces of ink, from which a picture is no drawing


def pieces_of_digit(pieces: Pieces, shape: tuple[int, ...]) -> tuple[Array, int]:
    """Return the indices of the pieces that form the digit, and the number of others. Raises NoInk for too many.

    shape: of the picture. Pieces that reach its edge, as of other sheets, are passed over where there are others.
    """
    areas, boxes = pieces.areas, pieces.boxes
    inside = (boxes[:, :2] > 0).all(axis=1) & (boxes[:, 2:] < shape).all(axis=1)
    inner = np.where(inside, areas, 0)
    largest = int(inner.argmax() if inner.max() >= INNER * areas.max() else areas.argmax())
    if np.count_nonzero(areas >= OTHER * areas[largest]) > MANY:
        raise NoInk("shows no drawing on plain ground")
    largest = within_frame(pieces, largest)
    area, box = areas[largest], boxes[largest]
    side = int((box[2:] - box[:2]).max())
    gaps = np.maximum(boxes[:, :2] - box[2:], box[:2] - boxes[:, 2:]).max(axis=1)
    around = ((boxes[:, :2] < box[:2]) & (boxes[:, 2:] > box[2:])).all(axis=1)
    belongs = ~around & (
        (gaps <= TOUCHING * side) | ((gaps <= NEAR * side) & (areas < LESSER * area) & (areas >= SPECK * area))
    )
    belongs[largest] = True
    others = int(np.count_nonzero(inside & ~belongs & ~around & (areas >= OTHER * area)))
    return np.flatnonzero(belongs), others


def within_frame(pieces: Pieces, largest: int) -> int:
    """Return the index of the largest piece within a piece, if it is a frame around that; else its own."""
    areas, boxes = pieces.areas, pieces.boxes
    box = boxes[largest]
    sizes = boxes[:, 2:] - boxes[:, :2]
    within = ((boxes[:, :2] > box[:2]) & (boxes[:, 2:] < box[2:])).all(axis=1)
    within &= sizes.max(axis=1) >= FRAMED * sizes[largest].max()
    return int(np.where(within, areas, 0).argmax()) if within.any() else largest
