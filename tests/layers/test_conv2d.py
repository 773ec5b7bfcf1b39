"""Conv2D by hand, by a plain loop, by differences, and what it refuses."""

import math

import numpy as np
import pytest

from graphnn.kernels import convolution
from graphnn.layers.base import UnfitInput
from graphnn.layers.context import Context
from graphnn.layers.conv2d import Conv2D

COUNT = [[[[1.0, 2, 3], [4, 5, 6], [7, 8, 9]]]]
W = [[[[1.0, 2], [3, 4]]]]


def test_literals(checks):
    checks.literal(
        Conv2D(1, 2, padding="valid"),
        x=COUNT,
        y=[[[[47, 57], [77, 87]]]],  # 1·1 + 2·2 + 4·3 + 5·4 + 10, …
        dy=[[[[1.0, 0], [0, 2]]]],
        dx=[[[[1, 2, 0], [3, 4 + 2, 4], [0, 6, 8]]]],
        params={"weights": W, "biases": [10.0]},
        gradients={"weights": [[[[1 + 10, 2 + 12], [4 + 16, 5 + 18]]]], "biases": [3]},
    )


def test_same_with_an_even_kernel_pads_below_and_to_the_right(checks):
    checks.literal(
        Conv2D(1, 2, use_bias=False),
        x=[[[[1.0, 2], [3, 4]]]],
        y=[[[[1 + 4 + 9 + 16, 2 + 12], [3 + 8, 4]]]],
        dy=[[[[1.0, 1], [1, 1]]]],
        dx=[[[[1, 2 + 1], [3 + 1, 4 + 3 + 2 + 1]]]],
        params={"weights": W},
        gradients={"weights": [[[[10, 6], [7, 4]]]]},
    )


def test_strides(checks):
    checks.literal(
        Conv2D(1, 1, strides=2, padding="valid"),
        x=COUNT,
        y=[[[[3, 7], [15, 19]]]],
        dy=[[[[1.0, 2], [3, 4]]]],
        dx=[[[[2, 0, 4], [0, 0, 0], [6, 0, 8]]]],
        params={"weights": [[[[2.0]]]], "biases": [1.0]},
        gradients={"weights": [[[[1 + 6 + 21 + 36]]]], "biases": [10]},
    )


def test_channels_and_filters(checks):
    """A 1×1 kernel mixes channels at every pixel; two samples add up in the gradients."""
    checks.literal(
        Conv2D(2, 1),
        x=[[[[1.0, 2]], [[3, 4]]], [[[5, 6]], [[7, 8]]]],
        y=[[[[1 + 30 + 1, 2 + 40 + 1]], [[-3, -4]]], [[[5 + 70 + 1, 6 + 80 + 1]], [[-7, -8]]]],
        dy=[[[[1.0, 0]], [[0, 1]]], [[[0, 2]], [[0, 0]]]],
        dx=[[[[1, 0]], [[10, -1]]], [[[0, 2]], [[0, 20]]]],
        params={"weights": [[[[1.0]], [[10]]], [[[0]], [[-1]]]], "biases": [1.0, 0]},
        gradients={"weights": [[[[1 + 12]], [[3 + 16]]], [[[2]], [[4]]]], "biases": [3, 1]},
    )


def test_padding_in_pairs(checks):
    """Padding above and below only; with a window of one row, the rows outside are the bias."""
    checks.literal(
        Conv2D(1, (1, 2), padding=(1, 0)),
        x=[[[[1.0, 2, 3]]]],
        y=[[[[5, 5], [5 + 1 - 2, 5 + 2 - 3], [5, 5]]]],
        dy=[[[[7.0, 7], [1, 2], [7, 7]]]],
        dx=[[[[1, -1 + 2, -2]]]],
        params={"weights": [[[[1.0, -1]]]], "biases": [5.0]},
        gradients={"weights": [[[[1 + 4, 2 + 6]]]], "biases": [31]},
    )


SETTINGS = [
    {},
    {"kernel_size": 1},
    {"kernel_size": 2},
    {"kernel_size": 4, "filters": 3},  # as many filters as channels: forward and backward pad arrays of one shape
    {"kernel_size": (1, 3), "padding": "valid"},
    {"kernel_size": (5, 2), "padding": 2},
    {"kernel_size": (3, 2), "padding": (0, 3)},  # more than the kernel reaches over
    {"kernel_size": 1, "padding": 1},
    {"strides": 2},
    {"strides": (1, 3), "kernel_size": 2, "use_bias": False},
    {"strides": 3, "kernel_size": 1, "padding": "valid"},
    {"strides": (2, 1), "kernel_size": (2, 5), "padding": (3, 1)},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_plain_loop(checks, settings):
    layer = Conv2D(**{"filters": 2, **settings})
    x = checks.spread(2, 3, 5, 6)
    params = checks.parameters(layer, x)
    dy = checks.spread(2, *layer.output_shape((3, 5, 6)), seed=5)
    result = checks.run(layer, x, dy, params=params)
    weights = params["weights"]
    y, dx, dW = np.zeros(dy.shape), np.zeros(x.shape), np.zeros(weights.shape)
    kernel = weights.shape[2:]
    stride = layer.strides if isinstance(layer.strides, tuple) else (layer.strides,) * 2
    padding = layer.padding if isinstance(layer.padding, tuple) else (layer.padding,) * 2
    before = [{"same": (k - 1) // 2, "valid": 0}.get(p, p) for k, p in zip(kernel, padding, strict=True)]
    for n, d, p, q in np.ndindex(dy.shape):
        y[n, d, p, q] = params["biases"][d] if layer.use_bias else 0
        for c, i, j in np.ndindex(3, *kernel):
            row, column = p * stride[0] + i - before[0], q * stride[1] + j - before[1]
            if 0 <= row < 5 and 0 <= column < 6:
                y[n, d, p, q] += x[n, c, row, column] * weights[d, c, i, j]
                dx[n, c, row, column] += dy[n, d, p, q] * weights[d, c, i, j]
                dW[d, c, i, j] += dy[n, d, p, q] * x[n, c, row, column]
    for found, expected in ((result.y, y), (result.dx, dx), (result.gradients["weights"], dW)):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
    if layer.use_bias:
        np.testing.assert_allclose(result.gradients["biases"], dy.sum(axis=(0, 2, 3)), rtol=1e-12, atol=1e-12)
    else:
        assert result.gradients.keys() == {"weights"}


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_gradients(checks, settings):
    checks.gradients(Conv2D(**{"filters": 3, **settings}), checks.spread(2, 3, 5, 6))


def test_the_size_of_the_blocks_does_not_matter(checks, monkeypatch):
    layer, x = Conv2D(4), checks.spread(7, 3, 5, 6)
    dy = checks.spread(7, 4, 5, 6, seed=5)
    whole = checks.run(layer, x, dy)
    monkeypatch.setattr(convolution, "BLOCK_BYTES", 2 * 30 * 27 * 8)  # two images at a time, then one
    result = checks.run(layer, x, dy)
    for found, expected in (
        (result.y, whole.y),
        (result.dx, whole.dx),
        *zip(result.gradients.values(), whole.gradients.values(), strict=True),
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_one_channel_in_c_order(checks, padding):
    layer = Conv2D(2, 3, padding=padding)
    x = np.ascontiguousarray(checks.spread(3, 1, 5, 6))
    dy = checks.spread(3, *layer.output_shape((1, 5, 6)), seed=5)
    params = checks.parameters(layer, x)
    result, expected = (checks.run(layer, each, dy, params=params) for each in (x, checks.channels_last(x)))
    np.testing.assert_allclose(result.y, expected.y, rtol=1e-12)
    np.testing.assert_allclose(result.dx, expected.dx, rtol=1e-12)
    np.testing.assert_allclose(result.gradients["weights"], expected.gradients["weights"], rtol=1e-12)


def test_parameters_in_c_order(checks):
    layer, x, dy = Conv2D(2), checks.spread(2, 3, 5, 6), checks.spread(2, 2, 5, 6, seed=5)
    ordered = checks.parameters(layer, x)
    plain = {name: np.ascontiguousarray(array) for name, array in ordered.items()}
    assert plain["weights"].strides != ordered["weights"].strides
    result, expected = (checks.run(layer, x, dy, params=params) for params in (plain, ordered))
    np.testing.assert_allclose(result.y, expected.y, rtol=1e-12)
    np.testing.assert_allclose(result.dx, expected.dx, rtol=1e-12)
    np.testing.assert_allclose(result.gradients["weights"], expected.gradients["weights"], rtol=1e-12)


def test_the_rotated_weights_are_made_once_and_only_where_they_are_used(checks):
    x = checks.spread(1, 3, 5, 6)
    for layer, ctx, made in (
        (Conv2D(2), Context(training=True, input_shape=(3, 5, 6)), True),
        (Conv2D(2), Context(training=True, input_shape=(3, 5, 6), needs_dx=False), False),
        (Conv2D(2), Context(input_shape=(3, 5, 6)), True),
        (Conv2D(2), Context(input_shape=(3, 5, 6), needs_dx=False), False),
        (Conv2D(2, strides=2), Context(training=True, input_shape=(3, 5, 6)), False),
    ):
        assert (layer.prepare(checks.parameters(layer, x), ctx).rotated is not None) == made


def test_parameters_and_their_start():
    layer = Conv2D(40, (3, 5))
    weights, biases = layer.parameters((20, 8, 8))
    assert (weights.name, weights.shape, biases.name, biases.shape) == ("weights", (40, 20, 3, 5), "biases", (40,))
    assert weights.memory_order == (2, 3, 1, 0)
    drawn = weights.initializer(weights.shape, np.random.default_rng(0))
    assert abs(drawn.std() - math.sqrt(2 / 300)) < 0.002
    assert abs(drawn.mean()) < 0.003
    assert not biases.initializer(biases.shape, np.random.default_rng(0)).any()
    assert [p.name for p in Conv2D(40, use_bias=False).parameters((20, 8, 8))] == ["weights"]
    assert weights.size + biases.size == 40 * (20 * 3 * 5 + 1)


def test_shapes_and_work():
    assert Conv2D(8).output_shape((3, 32, 30)) == (8, 32, 30)
    assert Conv2D(8, 4).output_shape((3, 32, 30)) == (8, 32, 30)
    assert Conv2D(8, padding="valid").output_shape((3, 32, 30)) == (8, 30, 28)
    assert Conv2D(8, strides=2).output_shape((3, 32, 31)) == (8, 16, 16)
    assert Conv2D(8, (5, 1), strides=(2, 3), padding=(1, 0)).output_shape((3, 32, 30)) == (8, 15, 10)
    assert Conv2D(8, 3, padding="valid").multiply_adds((3, 32, 30)) == 8 * 3 * 9 * 30 * 28


def test_settings():
    expected = {"filters": 4, "kernel_size": 3, "strides": 1, "padding": "same", "use_bias": True}
    assert Conv2D(4).settings() == {**expected, "initializer": "he_normal", "trainable": True}


@pytest.mark.parametrize(
    ("layer", "shape", "needs"),
    [
        (
            Conv2D(2, 5, padding="valid"),
            (3, 4, 9),
            "an image of at least 5×5, but the input gives 3×4×9; use a smaller",
        ),
        (Conv2D(2, (5, 1), padding=1), (3, 2, 9), "an image of at least 3×1, but the input gives 3×2×9"),
        (Conv2D(2, 3, padding=(2, 0)), (3, 5, 2), "an image of at least 1×3, but the input gives 3×5×2"),
        (Conv2D(2), (12,), "an image C×H×W, but the input gives 12; put it before Flatten"),
    ],
)
def test_what_is_refused(layer, shape, needs):
    with pytest.raises(UnfitInput, match=f"Conv2D needs {needs}"):
        layer.output_shape(shape)


def test_a_vector_has_no_parameters_either():
    with pytest.raises(UnfitInput, match="Conv2D needs an image C×H×W, but the input gives 12"):
        Conv2D(2).parameters((12,))
