"""What the checks of `run.py unittest` are made of: a comparison, and gradients by central differences."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphnn.layers.base import LAYERS
from graphnn.layers.built import BuiltLayer
from graphnn.types import Array, Shape, shape_text

EXACT = 1e-12  # float64 against a value worked out by hand
NUMERIC = 1e-7  # against central differences: h² of the formula, and 1e-16/h of rounding
STEP = 1e-5


@dataclass(frozen=True)
class Check:
    """One comparison: what was compared, the largest error found, and the largest error allowed."""

    what: str
    error: float
    allowed: float = EXACT

    @property
    def passed(self) -> bool:
        """Whether the error is allowed; NaN is not."""
        return self.error <= self.allowed


Checks = Iterator[Check]


def difference(found: Any, expected: Any) -> float:
    """Return the largest difference of two arrays, infinite where their shapes differ."""
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    return float(np.abs(found - expected).max()) if found.shape == expected.shape else math.inf


def built(type_name: str, input_shape: Shape, **options: Any) -> BuiltLayer:
    """Return a float64 layer of the registered type."""
    return LAYERS.find(type_name)(**options).build(input_shape, dtype=np.float64, seed=1)


def numeric_gradient(value: Callable[[], float], array: Array) -> Array:
    """Return the gradient of value() by every element of `array`, by central differences; `array` is left as it was."""
    gradient = np.empty(array.shape)
    for place in np.ndindex(array.shape):
        kept = array[place]
        array[place] = kept + STEP
        above = value()
        array[place] = kept - STEP
        below = value()
        array[place] = kept
        gradient[place] = (above - below) / (2 * STEP)
    return gradient


def relative(found: Any, expected: Array) -> float:
    """Return the largest difference, as a part of the largest expected value where that is above 1."""
    return difference(found, expected) / max(1.0, float(np.abs(expected).max(initial=0.0)))


def gradients(layer: BuiltLayer, x: Array, setting: str = "") -> Checks:
    """Compare the gradient of Σ dy·y by x and by each parameter with central differences."""
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
    for name, own in found.items():
        array = x if name == "x" else layer.parameters[name]
        yield Check(
            f"gradient of {name}, numerically ({where})", relative(own, numeric_gradient(value, array)), NUMERIC
        )


def spread(*shape: int) -> Array:
    """Return distinct values of both signs, far enough apart and from 0 for central differences at a kink."""
    count = math.prod(shape)
    values = (np.arange(count) - count / 2 + 0.5) / 4
    return np.random.default_rng(3).permutation(values).reshape(shape)
