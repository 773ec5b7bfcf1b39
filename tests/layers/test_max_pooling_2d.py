"""MaxPooling2D by hand, by a plain loop, by numerical gradients: ties, overlaps, uncovered borders."""

import numpy as np
import pytest

from graphnn.layers.base import UnfitInput
from graphnn.layers.max_pooling_2d import MaxPooling2D


def test_literals(checks):
    checks.literal(
        MaxPooling2D(),
        x=[[[[1.0, 2, -5, -6], [4, 3, -7, -8]]]],
        y=[[[[4, -5]]]],
        dy=[[[[10.0, 20]]]],
        dx=[[[[0, 0, 20, 0], [10, 0, 0, 0]]]],
    )


def test_the_first_maximum_in_row_major_order_takes_the_gradient(checks):
    checks.literal(
        MaxPooling2D(),
        x=[[[[0.0, 7, 5, 5], [7, 7, 5, 5]], [[0, 0, -1, -2], [0, 1, -1, -1]]]],
        y=[[[[7, 5]], [[1, -1]]]],
        dy=[[[[10.0, 20]], [[30, 40]]]],
        dx=[[[[0, 10, 20, 0], [0, 0, 0, 0]], [[0, 0, 40, 0], [0, 30, 0, 0]]]],
    )


def test_overlapping_windows_add_up(checks):
    """The middle is the maximum of all four windows; the lower right corner is equal, but comes later."""
    checks.literal(
        MaxPooling2D(2, 1),
        x=[[[[1.0, 2, 3], [4, 9, 5], [6, 7, 9]]]],
        y=[[[[9, 9], [9, 9]]]],
        dy=[[[[1.0, 2], [3, 4]]]],
        dx=[[[[0, 0, 0], [0, 10, 0], [0, 0, 0]]]],
    )


def test_a_border_that_no_window_reaches(checks):
    checks.literal(
        MaxPooling2D(2),
        x=[[[[1.0, 2, 9], [3, 4, 9], [9, 9, 9]]]],
        y=[[[[4]]]],
        dy=[[[[5.0]]]],
        dx=[[[[0, 0, 0], [0, 5, 0], [0, 0, 0]]]],
    )


def test_strides_above_the_window_leave_gaps(checks):
    checks.literal(
        MaxPooling2D((1, 2), (1, 3)),
        x=[[[[1.0, 2, 9, 4, 3]]]],
        y=[[[[2, 4]]]],
        dy=[[[[5.0, 6]]]],
        dx=[[[[0, 5, 0, 6, 0]]]],
    )


SETTINGS = [(2, None), (3, 1), (3, 2), ((2, 3), None), ((1, 2), 3), (1, None), (2, (3, 1)), (5, 5)]


@pytest.mark.parametrize(("pool_size", "strides"), SETTINGS)
def test_plain_loop(checks, pool_size, strides):
    layer = MaxPooling2D(pool_size, strides)
    x = np.round(checks.spread(2, 3, 6, 7))  # with ties
    dy = checks.spread(2, *layer.output_shape((3, 6, 7)), seed=5)
    result = checks.run(layer, x, dy)
    y, dx = np.zeros(dy.shape), np.zeros(x.shape)
    kernel, stride = layer.window.kernel, layer.window.strides
    for n, c, p, q in np.ndindex(dy.shape):
        top, left = p * stride[0], q * stride[1]
        seen = x[n, c, top : top + kernel[0], left : left + kernel[1]]
        i, j = divmod(int(np.argmax(seen)), kernel[1])  # argmax gives the first
        y[n, c, p, q] = seen[i, j]
        dx[n, c, top + i, left + j] += dy[n, c, p, q]
    np.testing.assert_array_equal(result.y, y)
    np.testing.assert_allclose(result.dx, dx, rtol=1e-13)


@pytest.mark.parametrize(("pool_size", "strides"), SETTINGS)
def test_gradients(checks, pool_size, strides):
    checks.gradients(MaxPooling2D(pool_size, strides), checks.spread(2, 3, 6, 7))


def test_shapes_and_settings():
    assert MaxPooling2D().settings() == MaxPooling2D(2, 2).settings() == {"pool_size": 2, "strides": None}
    assert MaxPooling2D().output_shape((8, 7, 6)) == (8, 3, 3)
    assert MaxPooling2D(3, 2).output_shape((8, 7, 6)) == (8, 3, 2)
    assert MaxPooling2D((7, 1), (1, 5)).output_shape((8, 7, 6)) == (8, 1, 2)


@pytest.mark.parametrize(
    ("layer", "shape", "needs"),
    [
        (MaxPooling2D(3), (8, 2, 9), "an image of at least 3×3, but the input gives 8×2×9; use a smaller pool_size"),
        (MaxPooling2D((1, 4)), (8, 2, 3), "an image of at least 1×4, but the input gives 8×2×3"),
        (MaxPooling2D(), (64,), "an image C×H×W, but the input gives 64"),
    ],
)
def test_what_is_refused(layer, shape, needs):
    with pytest.raises(UnfitInput, match=f"MaxPooling2D needs {needs}"):
        layer.output_shape(shape)
