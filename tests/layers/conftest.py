"""What every layer is checked with, as fixtures: literals, gradients by random projection, element by element."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from graphnn.kernels.kernels import NUMPY, Kernels
from graphnn.layers.base import Layer
from graphnn.layers.context import Context, empty_channels_last
from graphnn.parameters.parameter import Parameter, in_memory_order
from graphnn.types import Array

Params = Mapping[str, Array]


@dataclass(frozen=True)
class Result:
    y: Array
    dx: Array | None
    gradients: dict[str, Array]


def channels_last(x: Array) -> Array:
    """Return a copy of x in the memory order of the engine."""
    copy = empty_channels_last(x.shape, x.dtype)
    copy[...] = x
    return copy


def spread(*shape: int, seed: int = 0) -> Array:
    """Return different numbers in −2…2 in random order, none near 0: inputs without kinks and ties."""
    size = int(np.prod(shape))
    values = (np.arange(size) - size / 2 + 0.5) * 4 / size
    values[np.abs(values) < 1e-3] = 1e-3  # the middle one, where size is odd
    return channels_last(np.random.default_rng(seed).permutation(values).reshape(shape))


def parameters(layer: Layer, x: Array) -> dict[str, Array]:
    """Return random values of trained parameters and initial values of the others, in x's dtype."""
    rng = np.random.default_rng(1)
    return {
        p.name: in_declared_order(p, rng.normal(size=p.shape) if p.trainable else p.initializer(p.shape, rng), x.dtype)
        for p in layer.parameters(x.shape[1:])
    }


def in_declared_order(parameter: Parameter, values: Any, dtype: Any) -> Array:
    """Return the values in the memory order that a layer asks for, as a graph's parameters are."""
    array = in_memory_order(np.empty(parameter.size, dtype), parameter)
    array[...] = values
    return array


def run(
    layer: Layer,
    x: Array,
    dy: Array | None = None,
    *,
    params: Params | None = None,
    training: bool = True,
    needs_dx: bool = True,
    seed: int = 0,
    kernels: Kernels = NUMPY,
) -> Result:
    """Return forward and, with dy, backward of one call; dy and the parameters stay as they are."""
    params = parameters(layer, x) if params is None else {name: value.copy("K") for name, value in params.items()}
    rng = np.random.default_rng(seed)
    ctx = Context(training=training, needs_dx=needs_dx, rng=rng, input_shape=x.shape[1:], kernels=kernels)
    y, backward = layer.run(params, x, ctx)
    if dy is None:
        return Result(y, None, {})
    dx, gradients = backward(channels_last(dy))
    return Result(y, dx, dict(gradients))


def check_literal(
    layer: Layer,
    x: Any,
    y: Any,
    dy: Any,
    dx: Any,
    *,
    params: Mapping[str, Any] | None = None,
    gradients: Mapping[str, Any] | None = None,
    training: bool = True,
    rtol: float = 1e-6,
    atol: float = 1e-7,
) -> None:
    """Compare one call with numbers worked out by hand, in float32 and float64."""
    for dtype in (np.float32, np.float64):
        x_array, dy_array = channels_last(np.asarray(x, dtype)), np.asarray(dy, dtype)
        declared = layer.parameters(x_array.shape[1:])
        values = {p.name: in_declared_order(p, (params or {})[p.name], dtype) for p in declared}
        result = run(layer, x_array, dy_array, params=values, training=training)
        assert result.y.shape[1:] == layer.output_shape(x_array.shape[1:])
        np.testing.assert_allclose(result.y, y, rtol, atol)
        np.testing.assert_allclose(result.dx, dx, rtol, atol)
        assert result.gradients.keys() == (gradients or {}).keys()
        for name, expected in (gradients or {}).items():
            np.testing.assert_allclose(result.gradients[name], expected, rtol, atol)


def check_gradients(layer: Layer, x: Array, *, training: bool = True, step: float = 1e-5, rtol: float = 1e-6) -> None:
    """Compare backward with central differences of <r, forward> along one random direction for x and each parameter.

    x: float64, off kinks by much more than `step`. Source: the random projection of HIPS/autograd's test_util.
    """
    assert x.dtype == np.float64
    rng = np.random.default_rng(2)
    params = parameters(layer, x)
    r = rng.normal(size=run(layer, x, params=params, training=training).y.shape)
    result = run(layer, x, r, params=params, training=training)
    trained = {p.name for p in layer.parameters(x.shape[1:]) if p.trainable}
    assert result.gradients.keys() == trained
    assert result.dx is not None

    def change(name: str | None, v: Array) -> float:
        """Return the change of <r, y> for one unit along v."""
        ends = []
        for sign in (1, -1):
            moved = {**params, name: moved_copy(params[name], sign * step * v)} if name is not None else params
            x_moved = channels_last(x + sign * step * v) if name is None else x
            ends.append(np.vdot(r, run(layer, x_moved, params=moved, training=training).y))
        return float(ends[0] - ends[1]) / (2 * step)

    for name, gradient in [(None, result.dx), *result.gradients.items()]:
        v = rng.normal(size=gradient.shape)
        assert gradient.shape == (x.shape if name is None else params[name].shape)
        expected = change(name, v)
        size = float(np.linalg.norm(gradient) * np.linalg.norm(v)) / np.sqrt(v.size)
        assert abs(np.vdot(gradient, v) - expected) <= rtol * max(size, 1e-3), name or "x"


def moved_copy(array: Array, change: Array) -> Array:
    """Return array + change in the memory order of `array`."""
    copy = array.copy("K")
    copy += change
    return copy


def check_elementwise(
    layer: Layer,
    value: Callable[[float], float],
    slope: Callable[[float], float],
    *,
    single: float = 5e-7,
    double: float = 1e-14,
) -> None:
    """Compare with plain functions of one number, from −12 to 12 and far out; errors relative to max(1, |x|)."""
    points = np.concatenate([np.linspace(-12, 12, 481), [-1e4, -100, -20, -0.0, 20, 100, 1e4]])
    for dtype, tolerance in ((np.float32, single), (np.float64, double)):
        x = points.astype(dtype)[None]
        result = run(layer, x, np.full_like(x, -3))
        scale = np.maximum(1, np.abs(points))
        expected = [value(float(each)) for each in x[0]]
        slopes = [slope(float(each)) for each in x[0]]
        assert result.dx is not None
        assert np.max(np.abs(result.y[0] - expected) / scale) <= tolerance
        assert np.max(np.abs(result.dx[0] / -3 - slopes)) <= 2 * tolerance


@pytest.fixture(scope="session")
def checks() -> SimpleNamespace:
    """The helpers above, for tests that cannot import from here."""
    return SimpleNamespace(
        channels_last=channels_last,
        spread=spread,
        parameters=parameters,
        run=run,
        context=Context,
        literal=check_literal,
        gradients=check_gradients,
        elementwise=check_elementwise,
    )
