"""Samples as small pictures inside the page: PNG, or JPEG for photographs, as data addresses."""

import base64
import io
from collections.abc import Sequence

import numpy as np

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.types import Array

LARGEST = 160  # pixels of a side; larger images are made smaller
LARGEST_FILTER = 48  # pixels of a side of weights, of which many are shown
COARSE = 64  # pixels of a side up to which images are shown enlarged, with their pixels as squares
QUALITY = 82  # of JPEG
BYTES = (0.0, 255.0)
Limits = tuple[float, float]


@frozen_dataclass
class Picture:
    """A picture for an <img>. address: a data address. coarse: whether its pixels are to be seen as squares."""

    address: str
    width: int
    height: int
    alt: str
    coarse: bool


def is_image(shape: Sequence[int]) -> bool:
    """Whether samples of this shape, without the batch axis, can be shown as images."""
    return len(shape) == 3 and shape[1] * shape[2] > 1


def limits_of(x: Array, known: Limits | None) -> Limits:
    """Return the values that are shown as black and white. known: the range of the training inputs, where it is known.

    Those of bytes are 0…255, even where an image is dark.
    """
    low, high = (float(x.min()), float(x.max())) if known is None else known
    if low >= 0 and 16 < high <= 255 and (x.dtype == np.uint8 or high > 127):
        return BYTES
    return (0.0, 1.0) if low >= 0 and 0.5 < high <= 1 else (low, high)


def image_picture(image: Array, limits: Limits, alt: str) -> Picture:
    """Return the picture of an image C×H×W: of 3 channels in colour, of others their mean as grey."""
    low, high = limits
    values = (image.astype(np.float64) - low) / (high - low if high > low else 1.0)
    values = values if len(values) == 3 else values[:3] if len(values) == 4 else values.mean(axis=0, keepdims=True)
    return picture(values.transpose(1, 2, 0), alt)


def weights_picture(weights: Array, alt: str, *, colour: bool, largest_side: int = LARGEST_FILTER) -> Picture:
    """Return the picture of a filter C×H×W.

    colour: whether its three channels are those of a colour image: then 0 is grey. Else 0 is white, positive weights
    are blue and negative ones red, as strong as they are large. largest_side: pixels, to which it is made smaller.
    """
    largest = float(np.abs(weights).max()) or 1.0
    scaled = weights.astype(np.float64) / largest
    if colour:
        return picture(0.5 + scaled.transpose(1, 2, 0) / 2, alt, largest_side)
    signed = scaled.mean(axis=0)[..., None]
    positive, negative, white = np.array([0.02, 0.32, 0.62]), np.array([0.75, 0.20, 0.05]), np.ones(3)
    share = np.abs(signed)
    return picture(white * (1 - share) + np.where(signed >= 0, positive, negative) * share, alt, largest_side)


def picture(values: Array, alt: str, largest: int = LARGEST) -> Picture:
    """Return the picture of values H×W×1 or H×W×3 in 0…1. largest: pixels of a side, to which it is made smaller."""
    from PIL import Image  # comes with matplotlib

    pixels = np.rint(255 * np.clip(np.nan_to_num(values), 0, 1)).astype(np.uint8)
    image = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    image.thumbnail((largest, largest), Image.Resampling.LANCZOS)
    coarse = max(image.size) <= COARSE
    file = io.BytesIO()
    if coarse:
        image.save(file, "PNG", optimize=True)
    else:
        image.save(file, "JPEG", quality=QUALITY, optimize=True)
    kind = "png" if coarse else "jpeg"
    address = f"data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode()}"
    return Picture(address, *image.size, alt, coarse)
