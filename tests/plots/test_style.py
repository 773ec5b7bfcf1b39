"""The colours of pictures: the colour-blind tell them apart, and text stands out from the ground."""

import itertools

import numpy as np
import pytest

from graphnn.plots.style import DARK, LIGHT, Style
from graphnn.types import Array

# Machado, Oliveira and Fernandes (2009), "A physiologically-based model for simulation of color vision deficiency"
SIGHT = {
    "full": [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
    "without long cones": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "without middle cones": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "without short cones": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = np.array([0.9505, 1.0, 1.089])


def linear(color: str) -> Array:
    """Return a colour #rrggbb as linear red, green and blue, 0…1."""
    values = np.array([int(color[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(color: str, sight: str) -> Array:
    """Return a colour in CIELAB, as it is seen."""
    x = XYZ @ np.clip(np.array(SIGHT[sight]) @ linear(color), 0, 1) / WHITE
    f = np.where(x > 0.008856, np.cbrt(x), 7.787 * x + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def contrast(one: str, other: str) -> float:
    """Return the ratio of luminances as WCAG defines it."""
    low, high = sorted(float(XYZ[1] @ linear(color)) for color in (one, other))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("style", [LIGHT, DARK], ids=["light", "dark"])
def test_everybody_tells_the_lines_apart(style: Style, sight: str) -> None:
    pairs = itertools.combinations(style.lines, 2)
    assert min(np.linalg.norm(lab(one, sight) - lab(other, sight)) for one, other in pairs) > 14


@pytest.mark.parametrize("style", [LIGHT, DARK], ids=["light", "dark"])
def test_text_and_lines_stand_out_from_the_ground(style: Style) -> None:
    assert contrast(style.text, style.ground) > 7
    assert min(contrast(line, style.ground) for line in style.lines) > 2.2
