"""AveragePooling2D by hand, by a plain loop, by numerical gradients: overlaps, uncovered borders."""

import numpy as np
import pytest

from graphnn.layers.average_pooling_2d import AveragePooling2D
from graphnn.layers.base import UnfitInput


def test_literals(checks):
    checks.literal(
        AveragePooling2D(),
        x=[[[[1.0, 2, -5, -6], [4, 5, -7, -8]]]],
        y=[[[[3, -6.5]]]],
        dy=[[[[4.0, 8]]]],
        dx=[[[[1, 1, 2, 2], [1, 1, 2, 2]]]],
    )


def test_overlapping_windows_add_up(checks):
    checks.literal(
        AveragePooling2D((1, 2), 1),
        x=[[[[1.0, 3, 6]]]],
        y=[[[[2, 4.5]]]],
        dy=[[[[2.0, 4]]]],
        dx=[[[[1, 1 + 2, 2]]]],
    )


def test_borders_and_gaps(checks):
    checks.literal(
        AveragePooling2D((2, 1), (2, 2)),
        x=[[[[1.0, 9, 5, 9], [3, 9, 7, 9], [9, 9, 9, 9]]]],
        y=[[[[2, 6]]]],
        dy=[[[[2.0, 4]]]],
        dx=[[[[1, 0, 2, 0], [1, 0, 2, 0], [0, 0, 0, 0]]]],
    )


SETTINGS = [(2, None), (3, 1), (3, 2), ((2, 3), None), ((1, 2), 3), (1, None), (2, (3, 1)), (5, 5)]


@pytest.mark.parametrize(("pool_size", "strides"), SETTINGS)
def test_plain_loop(checks, pool_size, strides):
    layer = AveragePooling2D(pool_size, strides)
    x = checks.spread(2, 3, 6, 7)
    dy = checks.spread(2, *layer.output_shape((3, 6, 7)), seed=5)
    result = checks.run(layer, x, dy)
    y, dx = np.zeros(dy.shape), np.zeros(x.shape)
    kernel, stride = layer.window.kernel, layer.window.strides
    for n, c, p, q in np.ndindex(dy.shape):
        for i, j in np.ndindex(*kernel):
            place = (n, c, p * stride[0] + i, q * stride[1] + j)
            y[n, c, p, q] += x[place] / (kernel[0] * kernel[1])
            dx[place] += dy[n, c, p, q] / (kernel[0] * kernel[1])
    np.testing.assert_allclose(result.y, y, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(result.dx, dx, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(("pool_size", "strides"), SETTINGS)
def test_gradients(checks, pool_size, strides):
    checks.gradients(AveragePooling2D(pool_size, strides), checks.spread(2, 3, 6, 7))


def test_shapes_and_settings():
    assert AveragePooling2D().settings() == {"pool_size": 2, "strides": None}
    assert AveragePooling2D(3, 2).output_shape((8, 7, 6)) == (8, 3, 2)


@pytest.mark.parametrize(
    ("layer", "shape", "needs"),
    [
        (AveragePooling2D(3), (8, 2, 9), "an image of at least 3×3, but the input gives 8×2×9; use a smaller"),
        (AveragePooling2D(), (64,), "an image C×H×W, but the input gives 64"),
    ],
)
def test_what_is_refused(layer, shape, needs):
    with pytest.raises(UnfitInput, match=f"AveragePooling2D needs {needs}"):
        layer.output_shape(shape)
