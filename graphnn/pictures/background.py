"""The ground that ink lies on, however unevenly it is lit, and the share of light that ink takes away or adds."""

import numpy as np

from graphnn.types import Array

COARSE = 160  # pixels along the longer side, where details do not matter
WINDOW = 0.3  # of the shorter side; strokes are narrower, shadows and tables wider
WINDOWS = (0.03, 0.045, 0.065, 0.09, 0.13, 0.19, WINDOW)  # of it, in which ink may lie
FAINTEST = 0.06  # share of the light that ink takes away, or adds
DARKEST = 32  # of grounds, in grey levels, on which ink is to be told from noise
TOP = 2000  # one pixel in so many is darker than what is taken for the darkest ink
NOISE = 1.4826 / 6**0.5  # from the median of |a - 2b + c| of noise to its standard deviation


def depth_of(grey: Array, *, dark: bool) -> Array:
    """Return how strong the ink is at each pixel of H×W, float32 in 0…1: 0 on the ground, 1 black on white.

    dark: whether ink is darker than the ground.
    """
    depth, ground = marks(grey, WINDOW, dark=dark)
    return np.asarray(depth / np.maximum(ground, DARKEST), np.float32)


def marks(grey: Array, window: float, *, dark: bool) -> tuple[Array, Array]:
    """Return by how much H×W deviates from its ground, and the ground; both for light inverted, unless `dark`.

    window: of the shorter side. The ground is the morphological closing of the picture with such a square (opening, for
    light ink), which keeps the edges of all that is wider, as of a sheet on a table. The picture goes on beyond its
    edges as it ends there.
    """
    light = (grey if dark else 255 - grey).astype(np.float32)
    size = max(3, round(window * min(grey.shape)) | 1)
    ground = -highest(-highest(np.pad(light, size - 1, mode="edge"), size), size)
    return ground - light, ground


def highest(values: Array, size: int) -> Array:
    """Return the maximum of each size×size window of H×W, (H - size + 1)×(W - size + 1)."""
    for axis in (0, 1):
        result, width = np.moveaxis(values, axis, 0), 1
        while width < size:
            step = min(width, size - width)
            result = np.maximum(result[:-step], result[step:])
            width += step
        values = np.moveaxis(result, 0, axis)
    return values


def noise_of(grey: Array) -> float:
    """Return the standard deviation of the noise in H×W, from second differences, which gradients leave 0."""
    if grey.shape[1] < 3:
        return 0.0
    values = grey.astype(np.float32)
    return NOISE * float(np.median(np.abs(values[:, 2:] - 2 * values[:, 1:-1] + values[:, :-2])))


def darkest(depth: Array) -> float:
    """Return how strong the strongest ink is, without specks."""
    rank = min(max(2, depth.size // TOP), depth.size)
    return float(np.partition(depth, -rank, axis=None)[-rank])


def ink_is_dark(grey: Array) -> bool:
    """Whether the ink of H×W is darker than the ground: of dark and light marks, the more elongated ones are strokes.

    The others are the gaps between them, such as the inside of a 0. Elongation is length by width, the width being the
    window in which half of their area lies, and the length the area divided by that.
    """
    factor = -(-max(grey.shape) // COARSE)
    height, width = (size // factor for size in grey.shape)
    if min(height, width) < 1:
        return True
    blocks = grey[: height * factor, : width * factor].reshape(height, factor, width, factor)
    small = blocks.mean(axis=(1, 3), dtype=np.float32)
    both = [[marks(small, window, dark=dark)[0] for window in WINDOWS] for dark in (True, False)]
    least = max(darkest(found[-1]) for found in both) / 2
    elongations = []
    for found in both:
        areas = np.array([np.count_nonzero(one > least) for one in found])
        elongations.append(areas[-1] / WINDOWS[int((areas >= areas[-1] / 2).argmax())] ** 2)
    return bool(elongations[0] >= elongations[1])
