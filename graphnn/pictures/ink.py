"""The ink of one digit in a picture: found on its ground, apart from specks, lines of the paper and other ink."""

import contextlib
import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.pictures.background import DARKEST, FAINTEST, darkest, depth_of, highest, ink_is_dark, noise_of
from graphnn.pictures.digit_pieces import pieces_of_digit
from graphnn.pictures.framing import stroke_width
from graphnn.pictures.pieces import pieces_of
from graphnn.types import Array

if TYPE_CHECKING:
    from PIL.Image import Image

LARGEST = 640  # pixels along the longer side of what is looked at; larger pictures are reduced
LEAST_SMOOTHED = 64  # pixels along the shorter side of a picture that may be smoothed
NOISY = 2.0  # grey levels; the standard deviation of noise from which a picture is smoothed
SMOOTHING = 1.2  # radius in pixels
CLEAR = 8  # times the noise, which ink has to exceed; between extremes of noise alone lie 7
FEW = 0.12  # of a picture, which strokes cover; thick ones cover more
MUCH = 0.18  # of a picture; where marks cover more, others than those of a pen may be among them
FULL = 0.5  # of a picture; ink covers less
EDGE = 0.4  # of the strength of the ink: where a stroke ends
RISE = (0.25, 0.75)  # of the strength of the ink: where a pixel begins to be ink, and where it is nothing else
NO_DRAWING = "shows no drawing on plain ground"
ROUGH = 64  # pixels along the longer side of ink, which do not show how rough its edges are
HALO = 5  # pixels; a window in which ink fades out around a piece


class NoInk(Exception):
    """A picture without a drawing on plain ground; the message says what it shows instead."""


class Blank(NoInk):
    """A picture in which nothing stands out from the ground."""


@frozen_dataclass
class Ink:
    """The ink of one digit.

    strength: h×w, float32 in 0…1, cut to the ink. left, upper, width, height: of that cut, in pixels of the picture.
    dark: whether the ink is darker than the ground. others: other pieces of ink, without specks. calm: whether the
    ground around it is free of ink. covered: the share of the picture that is ink of any kind. cut: whether it reaches
    the edge of the picture.
    """

    strength: Array
    left: int
    upper: int
    width: int
    height: int
    dark: bool
    others: int
    calm: bool
    covered: float
    cut: bool


def find_ink(picture: "Image", dark: bool | None = None) -> Ink:
    """Return the ink of the one digit in a picture of mode L, the largest of several.

    dark: whether ink is darker than the ground; None: that is found out. Raises NoInk.
    """
    factor = -(-max(picture.size) // LARGEST)
    grey, noise = smoothed(picture.reduce(factor) if factor > 1 else picture)
    ink = likely_ink(grey, noise) if dark is None else ink_in(grey, noise, dark=dark)
    return replace(
        ink,
        left=ink.left * factor,
        upper=ink.upper * factor,
        width=min(ink.width * factor, picture.width - ink.left * factor),
        height=min(ink.height * factor, picture.height - ink.upper * factor),
    )


def likely_ink(grey: Array, noise: float) -> Ink:
    """Return the ink of the colour that it looks like; or in a picture full of marks, the longer strokes of either.

    Those are compared that lie on calm ground. Raises NoInk.
    """
    dark = ink_is_dark(grey)
    problem: NoInk | None = None
    found: list[Ink] = []
    try:
        found.append(ink_in(grey, noise, dark=dark))
    except Blank:
        raise
    except NoInk as raised:
        problem = raised
    if found and found[0].covered <= FEW:
        return found[0]
    with contextlib.suppress(NoInk):  # what the colour that it looks like shows, says more
        found.append(ink_in(grey, noise, dark=not dark))
    calm = [ink for ink in found if ink.calm]
    if calm and (problem is not None or max(ink.covered for ink in found) > MUCH):
        return max(calm, key=elongation)
    if problem is not None:
        raise problem
    return found[0]


def elongation(ink: Ink) -> float:
    """Return the length of the strokes divided by their width, without the roughness of their edges."""
    from PIL import Image

    height, width = (max(1, round(size * ROUGH / max(ink.strength.shape))) for size in ink.strength.shape)
    scaled = np.asarray(Image.fromarray(ink.strength).resize((width, height), Image.Resampling.BOX))
    return float(np.count_nonzero(scaled > 0.5) / max(1.0, stroke_width(scaled)) ** 2)


def ink_in(grey: Array, noise: float, *, dark: bool) -> Ink:
    """Return the ink of one colour in H×W. noise: its standard deviation. Raises NoInk."""
    depth = depth_of(grey, dark=dark)
    level = strength_of_ink(depth, noise / max(DARKEST, float(np.median(grey if dark else 255 - grey))))
    mask = depth > EDGE * level
    covered = float(mask.mean())
    if covered > FULL:
        raise NoInk(NO_DRAWING)
    pieces = pieces_of(mask)
    digit = pieces_of_digit(pieces, mask)
    if digit is None:
        raise NoInk(NO_DRAWING)
    own = np.isin(pieces.labels, digit.indices + 1)
    depth[~highest(np.pad(own, HALO // 2), HALO)] = 0
    level = typical(depth[own])
    rows, columns = (np.flatnonzero((depth > EDGE * level).any(axis=axis)) for axis in (1, 0))
    (upper, lower), (left, right) = ((int(along[0]), int(along[-1]) + 1) for along in (rows, columns))
    return Ink(
        strength=np.clip((depth[upper:lower, left:right] / level - RISE[0]) / (RISE[1] - RISE[0]), 0, 1),
        left=left,
        upper=upper,
        width=right - left,
        height=lower - upper,
        dark=dark,
        others=digit.others,
        calm=digit.calm,
        covered=covered,
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
    if darkest(depth) < max(FAINTEST, CLEAR * noise):
        raise Blank("is blank: no ink stands out from the ground")
    return typical(depth)


def typical(depth: Array) -> float:
    """Return the median strength of what is at least half as strong as the strongest."""
    return float(np.median(depth[depth > darkest(depth) / 2]))
