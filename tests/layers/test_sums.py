"""Layers that sum many numbers, most of them equal: float32 stays within 3e-6 of float64."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphnn.layers.base import Layer
from graphnn.layers.batch_normalization import BatchNormalization
from graphnn.layers.conv2d import Conv2D
from graphnn.layers.dense import Dense
from graphnn.layers.global_average_pooling import GlobalAveragePooling
from graphnn.layers.layer_normalization import LayerNormalization
from graphnn.layers.prelu import PReLU
from graphnn.types import Array, Shape

BOUND = 3e-6


def numbers(shape: Shape, seed: int) -> Array:
    """Return float32 numbers of three values, one of them nine times of ten."""
    rng = np.random.default_rng(seed)
    first, second, third = rng.uniform(0.1, 1, 3) * [-1, 1, 1]
    return np.where(rng.random(shape) < 0.9, third, rng.choice([first, second], shape)).astype(np.float32)


def run(layer: Layer, x: Array, dy_seed: int, dtype: Any) -> tuple[Array, dict[str, Array]]:
    """Return y and the gradients of a layer's parameters, for a gradient from above of few values."""
    built = layer.build(x.shape[1:], dtype=dtype)
    y = built.forward(x)
    built.backward(numbers(y.shape, dy_seed))
    return y, dict(built.gradients)


CASES: list[tuple[Layer, Shape]] = [
    (BatchNormalization(), (40, 24, 41, 41)),
    (BatchNormalization(), (100_000, 2)),
    (LayerNormalization(), (3, 5, 99, 101)),
    (LayerNormalization(), (2, 200_000)),
    (LayerNormalization(epsilon=0.1), (20_000, 12)),
    (GlobalAveragePooling(), (2, 3, 255, 255)),
    (GlobalAveragePooling(), (2, 1, 256, 256)),
    (PReLU(), (40, 24, 41, 41)),
    (Conv2D(24, 1), (40, 1, 41, 41)),
    (Dense(3), (50_000, 1)),
]


@pytest.mark.parametrize(("layer", "shape"), CASES, ids=lambda each: each.type if isinstance(each, Layer) else "")
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_outputs_and_gradients(layer: Layer, shape: Shape, seed: int) -> None:
    x = numbers(shape, seed)
    y, gradients = run(layer, x, seed + 1, np.float32)
    exact_y, exact_gradients = run(layer, x, seed + 1, np.float64)
    np.testing.assert_allclose(y, exact_y, rtol=BOUND, atol=BOUND * np.abs(exact_y).max())
    assert gradients.keys() == exact_gradients.keys()
    added = np.abs(numbers(y.shape, seed + 1)).sum(dtype=np.float64)
    for name in set(gradients) - {"weights"}:  # a product of matrices, whose sums BLAS makes
        size = added / gradients[name].size * max(1, np.abs(exact_y).max())  # that was added for one parameter
        np.testing.assert_allclose(gradients[name], exact_gradients[name], rtol=0, atol=BOUND * size, err_msg=name)


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from([(40_000, 3), (9, 3, 65, 67), (3, 16, 64, 64)]),
    st.floats(-1000, 1000),
    st.sampled_from([1e-2, 1.0, 30.0]),
    st.integers(0, 2**32),
)
def test_the_bounds_of_batch_normalization(shape: Shape, ratio: float, deviation: float, seed: int) -> None:
    """Over numbers of which half are equal, with a mean of up to a thousand deviations."""
    rng = np.random.default_rng(seed)
    x = ((np.maximum(rng.normal(size=shape), 0) + ratio) * deviation).astype(np.float32)
    built = BatchNormalization(momentum=0.0, epsilon=1e-20).build(shape[1:])
    y = built.forward(x)
    exact, axes = x.astype(np.float64), tuple(axis for axis in range(x.ndim) if axis != 1)
    mean, variance = (moment(exact, axis=axes, keepdims=True) for moment in (np.mean, np.var))
    normal, sigma = (exact - mean) / np.sqrt(variance), np.sqrt(variance)
    assert (np.abs(built.running_mean - mean.ravel()) <= 1e-6 * (np.abs(mean) + sigma).ravel()).all()
    assert (np.abs(built.running_variance - variance.ravel()) <= 2e-6 * variance.ravel()).all()
    assert (np.abs(y - normal) <= 1e-6 * (1 + np.abs(normal) + np.abs(mean) / sigma)).all()
