"""Layers on images with either kind of kernels, where channels fill whole vectors and where they do not."""

import numpy as np
import pytest

from graphnn.layers.batch_normalization import BatchNormalization
from graphnn.layers.conv2d import Conv2D
from graphnn.layers.fused import NormalizationGELU, NormalizationReLU, NormalizationSiLU
from graphnn.layers.gelu import GELU
from graphnn.layers.max_pooling_2d import MaxPooling2D
from graphnn.layers.silu import SiLU


def in_single(params):
    return {name: value.astype(np.float32) for name, value in params.items()}


def compare(checks, layer, shape, kernels, *, training=True, needs_dx=True, tolerance=3e-5):
    """Compare float32 with float64 by numpy: y, dx and gradients, as parts of the largest, and running statistics."""
    x = checks.spread(*shape).astype(np.float32)
    dy = checks.spread(len(x), *layer.output_shape(x.shape[1:]), seed=3).astype(np.float32) if training else None
    params = in_single(checks.parameters(layer, x.astype(np.float64)))
    doubled = {name: value.astype(np.float64) for name, value in params.items()}
    options = {"training": training, "needs_dx": needs_dx}
    expected = checks.run(layer, x.astype(np.float64), dy, params=doubled, **options)
    given = x.copy()
    found = checks.run(layer, x, dy, params=params, kernels=kernels, **options)
    np.testing.assert_array_equal(x, given)
    assert found.y.dtype == np.float32
    assert (found.dx is None) == (expected.dx is None)
    assert found.gradients.keys() == expected.gradients.keys()
    pairs = [(found.y, expected.y), *((found.gradients[name], array) for name, array in expected.gradients.items())]
    pairs += [(found.dx, expected.dx)] if expected.dx is not None else []
    for one, other in pairs:
        size = np.abs(other).max()
        np.testing.assert_allclose(one / size, other / size, 0, tolerance)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"use_bias": False},
        {"kernel_size": 1},
        {"kernel_size": 2},
        {"kernel_size": (5, 3)},
        {"strides": 2},
        {"padding": "valid"},
        {"kernel_size": (1, 4), "strides": (3, 2), "padding": 2},
    ],
    ids=str,
)
@pytest.mark.parametrize(("channels", "filters"), [(16, 32), (32, 16), (3, 16), (16, 5)])
def test_convolution(checks, operations, settings, channels, filters):
    compare(checks, Conv2D(filters=filters, **settings), (3, channels, 9, 10), operations)


def test_the_first_convolution_gives_no_dx(checks, operations):
    compare(checks, Conv2D(filters=16), (2, 3, 8, 8), operations, needs_dx=False)
    compare(checks, Conv2D(filters=16), (2, 16, 8, 8), operations, training=False)


@pytest.mark.parametrize(("pool_size", "strides"), [(2, None), (3, 2), ((2, 3), None), (1, 2)])
@pytest.mark.parametrize("channels", [16, 32, 5])
def test_max_pooling(checks, operations, pool_size, strides, channels):
    compare(checks, MaxPooling2D(pool_size, strides), (3, channels, 7, 8), operations, tolerance=1e-6)


@pytest.mark.parametrize("kind", [BatchNormalization, NormalizationReLU, NormalizationGELU, NormalizationSiLU])
@pytest.mark.parametrize(("scale", "center"), [(True, True), (True, False), (False, True), (False, False)])
@pytest.mark.parametrize("shape", [(5, 16, 6, 7), (3, 32, 2, 2), (5, 3, 4, 4), (70, 16), (7, 5)])
@pytest.mark.parametrize("training", [True, False])
def test_normalisation(checks, operations, kind, scale, center, shape, training):
    compare(checks, kind(scale=scale, center=center), shape, operations, training=training)


@pytest.mark.parametrize("layer", [GELU(), GELU("none"), SiLU()], ids=str)
@pytest.mark.parametrize("shape", [(5, 16, 6, 7), (3, 5, 3, 3), (7, 5), (1, 16)])
def test_activations(checks, operations, layer, shape):
    compare(checks, layer, shape, operations, tolerance=2e-6)
    compare(checks, layer, shape, operations, training=False, tolerance=2e-6)


@pytest.mark.parametrize("shape", [(6, 16, 5, 5), (6, 3, 5, 5), (90, 16)])
def test_running_statistics(checks, operations, shape):
    """0.9 of 0 and 1, a tenth of the batch's."""
    x = checks.spread(*shape).astype(np.float32)
    layer = BatchNormalization()
    params = checks.parameters(layer, x)
    ctx = checks.context(input_shape=x.shape[1:], training=True, kernels=operations)
    layer.forward(params, x, ctx)
    axes = tuple(axis for axis in range(x.ndim) if axis != 1)
    np.testing.assert_allclose(params["running_mean"], 0.1 * x.mean(axis=axes, dtype=np.float64), rtol=0, atol=1e-6)
    np.testing.assert_allclose(params["running_variance"], 0.9 + 0.1 * x.var(axis=axes, dtype=np.float64), rtol=1e-6)
