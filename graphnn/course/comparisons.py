"""Building blocks of the checks: comparison with an error bound, and gradients by central differences."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.layers.base import LAYERS
from graphnn.layers.built import BuiltLayer
from graphnn.types import Array, Shape, shape_text

EXACT = 1e-12  # error bound in float64 against values worked out by hand
NUMERIC = 1e-7  # error bound against central differences: O(h²) of the formula, and 1e-16/h of rounding
STEP = 1e-5


@frozen_dataclass
class Check:
    """One comparison: its subject, the largest error found, and the largest error allowed."""

    subject: str
    error: float
    allowed: float = EXACT

    @property
    def passed(self) -> bool:
        """Whether the error is within the bound; NaN is not."""
        return self.error <= self.allowed


Checks = Iterator[Check]


def difference(found: Any, expected: Any) -> float:
    """Return the largest absolute difference of two arrays; infinity where their shapes differ."""
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    return float(np.abs(found - expected).max()) if found.shape == expected.shape else math.inf


def built(type_name: str, input_shape: Shape, **options: Any) -> BuiltLayer:
    """Build a float64 layer of a registered type."""
    return LAYERS.find(type_name)(**options).build(input_shape, dtype=np.float64, seed=1)


def numeric_gradient(value: Callable[[], float], array: Array) -> Array:
    """Return the gradient of value() with respect to `array`, by central differences; `array` is restored."""
    gradient = np.empty(array.shape)
    for index in np.ndindex(array.shape):
        original = array[index]
        array[index] = original + STEP
        above = value()
        array[index] = original - STEP
        below = value()
        array[index] = original
        gradient[index] = (above - below) / (2 * STEP)
    return gradient


def relative(found: Any, expected: Array) -> float:
    """Return the largest difference, divided by the largest expected value where that is above 1."""
    return difference(found, expected) / max(1.0, float(np.abs(expected).max(initial=0.0)))


def gradients(layer: BuiltLayer, x: Array, setting: str = "") -> Checks:
    """Compare the gradients of Σ dy·y with respect to x and each parameter with central differences."""
    draw = np.random.default_rng(7)
    dy = draw.uniform(0.5, 1.5, (len(x), *layer.output_shape)) * draw.choice([-1.0, 1.0], (len(x), *layer.output_shape))
    before = layer.draws

    def value() -> float:
        layer.draws = before  # the same random draw each time
        return float((layer.forward(x) * dy).sum())

    value()
    dx = layer.backward(dy)
    found = {"x": dx, **layer.gradients}
    where = f"{shape_text(x.shape)}{setting}"
    for name, gradient in found.items():
        array = x if name == "x" else layer.parameters[name]
        yield Check(
            f"gradient of {name}, numerically ({where})", relative(gradient, numeric_gradient(value, array)), NUMERIC
        )


def spread(*shape: int) -> Array:
    """Return distinct values of both signs, so far apart and from 0 that central differences cross no kink."""
    count = math.prod(shape)
    values = (np.arange(count) - count / 2 + 0.5) / 4
    return np.random.default_rng(3).permutation(values).reshape(shape)
