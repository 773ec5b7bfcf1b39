"""Which pieces of ink form the digit: the largest one and what is near it, apart from specks, frames and other ink."""

import numpy as np

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.pictures.pieces import Pieces
from graphnn.types import Array

SPECK = 0.04  # of the area of the digit's largest piece; what is smaller is a speck
OTHER = 0.15  # of it, from which a piece elsewhere is ink of its own
LESSER = 0.5  # of it; a piece that is smaller and NEAR belongs to the digit
NEAR = 0.15  # of the longer side of the digit's largest piece
TOUCHING = 0.05  # the same, for a piece of any size
INNER = 0.1  # of the largest area, from which a piece that does not reach the edge of the picture is preferred
FRAMED = 0.25  # of the sides of a frame, which the digit in it has at least
MANY = 25  # pieces of ink, from which a picture is no drawing
RING = 0.25  # of the longer side of a piece: the width of the ground around it that is looked at
WIDEST = 1.5  # times the height: the width of a digit
CALM = 0.05  # of that ground, which other ink covers at most
LEAST = 0.05  # of the shorter side of the picture: the longer side of a digit on calm ground


@frozen_dataclass
class DigitPieces:
    """The pieces of a digit, by their indices. others: how many pieces are other ink, without specks.

    calm: whether the ground around the largest one is free of ink.
    """

    indices: Array
    others: int
    calm: bool


def pieces_of_digit(pieces: Pieces, mask: Array) -> DigitPieces | None:
    """Return the pieces of a mask H×W that form the digit; None where there are too many for a drawing.

    Pieces that reach the edge of the picture, as of other sheets, are passed over where there are others. Where the
    largest one is not on calm ground, or lies, it is the largest inner one that is upright on calm ground, if any.
    """
    areas, boxes = pieces.areas, pieces.boxes
    inside = (boxes[:, :2] > 0).all(axis=1) & (boxes[:, 2:] < mask.shape).all(axis=1)
    inner = np.where(inside, areas, 0)
    largest = int(inner.argmax() if inner.max() >= INNER * areas.max() else areas.argmax())
    largest = within_frame(pieces, largest)
    calm = on_calm_ground(boxes, mask)
    sizes = boxes[:, 2:] - boxes[:, :2]
    upright = calm & (sizes[:, 1] <= WIDEST * sizes[:, 0])
    if not upright[largest] and (upright & inside).any():
        largest = int(np.where(upright & inside, areas, 0).argmax())
    if not calm[largest] and np.count_nonzero(areas >= OTHER * areas[largest]) > MANY:
        return None
    area, box = areas[largest], boxes[largest]
    side = int((box[2:] - box[:2]).max())
    gaps = np.maximum(boxes[:, :2] - box[2:], box[:2] - boxes[:, 2:]).max(axis=1)
    around = ((boxes[:, :2] < box[:2]) & (boxes[:, 2:] > box[2:])).all(axis=1)
    belongs = (
        ~around
        & (areas <= area)
        & ((gaps <= TOUCHING * side) | ((gaps <= NEAR * side) & (areas < LESSER * area) & (areas >= SPECK * area)))
    )
    belongs[largest] = True
    others = inside & ~belongs & ~around & (areas >= OTHER * area)
    if calm[largest]:
        others &= upright  # the rest are marks of what the sheet lies on
    return DigitPieces(np.flatnonzero(belongs), int(np.count_nonzero(others)), bool(calm[largest]))


def on_calm_ground(boxes: Array, mask: Array) -> Array:
    """Return of each box n×4 whether it is large enough for a digit, and the ground around it free of ink."""
    sums = np.pad(mask.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    sides = (boxes[:, 2:] - boxes[:, :2]).max(axis=1)
    margin = np.ceil(RING * sides).astype(np.int64)[:, None]
    outer = np.hstack([np.maximum(boxes[:, :2] - margin, 0), np.minimum(boxes[:, 2:] + margin, mask.shape)])
    ink, ground = (within(sums, outer) - within(sums, boxes), area_of(outer) - area_of(boxes))
    return np.asarray((sides >= LEAST * min(mask.shape)) & (ink <= CALM * ground))


def within(sums: Array, boxes: Array) -> Array:
    """Return the sum of a mask in each box n×4. sums: (H+1)×(W+1), of all that is above and to the left."""
    top, left, bottom, right = boxes.T
    return np.asarray(sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left])


def area_of(boxes: Array) -> Array:
    """Return the area of each box n×4."""
    return np.asarray((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))


def within_frame(pieces: Pieces, largest: int) -> int:
    """Return the index of the largest piece within a piece, if it is a frame around that; else its own."""
    areas, boxes = pieces.areas, pieces.boxes
    box = boxes[largest]
    sizes = boxes[:, 2:] - boxes[:, :2]
    within = ((boxes[:, :2] > box[:2]) & (boxes[:, 2:] < box[2:])).all(axis=1)
    within &= sizes.max(axis=1) >= FRAMED * sizes[largest].max()
    return int(np.where(within, areas, 0).argmax()) if within.any() else largest
