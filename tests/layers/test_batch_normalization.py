"""BatchNormalization by hand, by a plain loop, by differences, in pieces, far from zero, and over several steps."""

import math

import numpy as np
import pytest

from graphnn.errors import GraphError, ShapeError
from graphnn.layers.batch_normalization import BatchNormalization
from graphnn.layers.batchwise import no_backward
from graphnn.layers.context import Context
from graphnn.layers.max_pooling_2d import MaxPooling2D
from graphnn.layers.residual import Residual

START = {"running_mean": [0.0], "running_variance": [1.0]}


def test_literals(checks):
    """x = (1, 3): mean 2, variance 1; ε = 3 makes the root 2, so x̂ = (−½, ½)."""
    checks.literal(
        BatchNormalization(epsilon=3.0),
        x=[[1.0], [3.0]],
        y=[[-5 + 1], [5 + 1]],
        dy=[[1.0], [4.0]],  # mean 2.5; mean of dy·x̂ = 0.75
        dx=[[10 / 2 * (1 - 2.5 + 0.375)], [10 / 2 * (4 - 2.5 - 0.375)]],
        params={"gamma": [10.0], "beta": [1.0], **START},
        gradients={"gamma": [-0.5 + 2], "beta": [5]},
    )


def test_literals_of_an_image(checks):
    """Each channel by itself: (0, 2, 4, 6) has mean 3 and variance 5; ε = 4 makes the root 3."""
    checks.literal(
        BatchNormalization(epsilon=4.0),
        x=[[[[0.0, 2]], [[5, 5]]], [[[4, 6]], [[5, 5]]]],
        y=[[[[-1, -1 / 3]], [[7, 7]]], [[[1 / 3, 1]], [[7, 7]]]],
        dy=[[[[1.0, 0]], [[1, 2]]], [[[0, 0]], [[3, 2]]]],
        dx=[
            [[[(1 - 0.25 - 0.25) / 3, (0 - 0.25 - 0.25 / 3) / 3]], [[-1, 0]]],
            [[[(0 - 0.25 + 0.25 / 3) / 3, (0 - 0.25 + 0.25) / 3]], [[1, 0]]],
        ],
        params={
            "gamma": [1.0, 2],
            "beta": [0.0, 7],
            "running_mean": [0.0, 0],
            "running_variance": [1.0, 1],
        },
        gradients={"gamma": [-1, 0], "beta": [1, 8]},
    )


@pytest.mark.parametrize("shape", [(6, 4), (3, 4, 2, 5), (1, 4, 3, 3)])
@pytest.mark.parametrize(("scale", "center"), [(True, True), (True, False), (False, True), (False, False)])
def test_plain_loop(checks, shape, scale, center):
    layer = BatchNormalization(scale=scale, center=center)
    x, dy = checks.spread(*shape), checks.spread(*shape, seed=5)
    params = checks.parameters(layer, x)
    result = checks.run(layer, x, dy, params=params)
    assert result.gradients.keys() == {name for name, on in (("gamma", scale), ("beta", center)) if on}
    for c in range(4):
        values, above = x[:, c].ravel().tolist(), dy[:, c].ravel().tolist()
        count = len(values)
        mean = sum(values) / count
        root = math.sqrt(sum((value - mean) ** 2 for value in values) / count + 1e-5)
        normal = [(value - mean) / root for value in values]
        gamma = params["gamma"][c] if scale else 1.0
        beta = params["beta"][c] if center else 0.0
        dgamma, dbeta = sum(d * v for d, v in zip(above, normal, strict=True)), sum(above)
        dx = [gamma / root * (d - dbeta / count - v * dgamma / count) for d, v in zip(above, normal, strict=True)]
        np.testing.assert_allclose(result.y[:, c].ravel(), [gamma * v + beta for v in normal], rtol=1e-11, atol=1e-12)
        np.testing.assert_allclose(result.dx[:, c].ravel(), dx, rtol=1e-10, atol=1e-12)
        if scale:
            np.testing.assert_allclose(result.gradients["gamma"][c], dgamma, rtol=1e-11, atol=1e-12)
        if center:
            np.testing.assert_allclose(result.gradients["beta"][c], dbeta, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("shape", [(6, 4), (3, 4, 2, 5)])
@pytest.mark.parametrize(("scale", "center"), [(True, True), (True, False), (False, True), (False, False)])
def test_gradients(checks, shape, scale, center):
    checks.gradients(BatchNormalization(scale=scale, center=center), checks.spread(*shape))


def step(layer, params, x):
    ctx = Context(input_shape=x.shape[1:], training=True)
    y, _ = layer.run(params, x, ctx)
    return y


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_running_statistics_over_two_steps(dtype):
    """Biased variance: (1, 3) has mean 2 and variance 1, (0, 8) has 4 and 16."""
    layer = BatchNormalization(momentum=0.75, scale=False, center=False)
    params = {"running_mean": np.zeros(1, dtype), "running_variance": np.ones(1, dtype)}
    step(layer, params, np.array([[1], [3]], dtype))
    np.testing.assert_allclose(params["running_mean"], [0.5])
    np.testing.assert_allclose(params["running_variance"], [1])
    step(layer, params, np.array([[0], [8]], dtype))
    np.testing.assert_allclose(params["running_mean"], [0.375 + 1])
    np.testing.assert_allclose(params["running_variance"], [0.75 + 4])
    assert params["running_mean"].dtype == params["running_variance"].dtype == dtype


@pytest.mark.parametrize(("momentum", "expected"), [(0.0, 2.0), (1.0, 0.0), (0.9, 0.2)])
def test_momentum(momentum, expected):
    params = {"running_mean": np.zeros(1), "running_variance": np.ones(1)}
    step(BatchNormalization(momentum=momentum, scale=False, center=False), params, np.array([[1.0], [3.0]]))
    np.testing.assert_allclose(params["running_mean"], [expected])


@pytest.mark.parametrize("tail", [(), (1, 2)])
def test_inference_uses_the_running_statistics_and_leaves_them(checks, tail):
    layer = BatchNormalization(epsilon=3.0)
    params = {
        "gamma": np.array([10.0, 1]),
        "beta": np.array([1.0, 0]),
        "running_mean": np.array([5.0, 0]),
        "running_variance": np.array([1.0, 6]),
    }
    before = {name: array.copy() for name, array in params.items()}
    x = np.ones((3, 2, *tail)) * np.array([7.0, -6]).reshape(2, *(1,) * len(tail))
    ctx = Context(input_shape=x.shape[1:])
    y, backward = layer.run(params, x, ctx)
    np.testing.assert_allclose(y[:, 0], 10 * (7 - 5) / 2 + 1)
    np.testing.assert_allclose(y[:, 1], -6 / 3)
    np.testing.assert_array_equal(layer.infer(params, x, ctx), y)
    for name, array in params.items():
        np.testing.assert_array_equal(array, before[name])
    assert backward is no_backward
    with pytest.raises(GraphError, match="no backward in inference"):
        backward(y)


@pytest.mark.parametrize("shape", [(9, 4), (9, 4, 2, 3)])
@pytest.mark.parametrize("cut", [[9], [4, 5], [1, 2, 6], [1] * 9])
def test_pieces_equal_the_whole(checks, shape, cut):
    """Also for pieces whose means are far apart."""
    layer = BatchNormalization()
    x, dy = checks.spread(*shape), checks.spread(*shape, seed=5)
    x += np.arange(9.0).reshape(-1, *(1,) * (x.ndim - 1))
    params = checks.parameters(layer, x)
    whole = checks.run(layer, x, dy, params=params)
    pieces = [slice(sum(cut[:i]), sum(cut[: i + 1])) for i in range(len(cut))]
    ctx = Context(input_shape=x.shape[1:], training=True)
    dy = checks.channels_last(dy)
    statistics = layer.combine(params, np.array([layer.partial_sums(params, x[piece], ctx) for piece in pieces]))
    y = np.concatenate([layer.apply(params, statistics, x[piece], ctx) for piece in pieces])
    np.testing.assert_allclose(y, whole.y, rtol=1e-11, atol=1e-12)
    given = dy.copy()
    sums = [layer.backward_partial_sums(params, statistics, x[piece], dy[piece], ctx) for piece in pieces]
    np.testing.assert_array_equal(dy, given)
    combined, gradients = layer.backward_combine(params, statistics, np.array(sums))
    dx = np.concatenate([layer.backward_apply(combined, x[piece], dy[piece], ctx) for piece in pieces])
    np.testing.assert_allclose(dx, whole.dx, rtol=1e-10, atol=1e-12)
    for name, gradient in whole.gradients.items():
        np.testing.assert_allclose(gradients[name], gradient, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("shape", [(16, 3, 32, 32), (5, 3, 31, 31), (128, 20)])
def test_a_mean_a_thousand_deviations_from_zero(checks, shape):
    """float32 knows x itself to 6e-5 of the deviation there; a variance around zero would keep no digit."""
    x = checks.channels_last(np.random.default_rng(0).normal(1000, 1, shape).astype(np.float32))
    dy = np.random.default_rng(1).normal(size=shape)
    layer = BatchNormalization(momentum=0.0)
    exact = checks.run(layer, x.astype(np.float64), dy, params={**start(shape[1], np.float64)})
    params = start(shape[1], np.float32)
    result = checks.run(layer, x, dy.astype(np.float32), params=params)
    np.testing.assert_allclose(result.y, exact.y, rtol=0, atol=2e-3)
    np.testing.assert_allclose(result.dx, exact.dx, rtol=0, atol=2e-3)
    step(layer, params, x)
    axes = tuple(axis for axis in range(x.ndim) if axis != 1)
    np.testing.assert_allclose(params["running_mean"], x.mean(axis=axes, dtype=np.float64), rtol=2e-6)
    np.testing.assert_allclose(params["running_variance"], x.var(axis=axes, dtype=np.float64), rtol=1e-4)


def start(features, dtype):
    ones, zeros = np.ones(features, dtype), np.zeros(features, dtype)
    return {"gamma": ones, "beta": zeros, "running_mean": zeros.copy(), "running_variance": ones.copy()}


@pytest.mark.parametrize("shape", [(1, 2), (1, 2, 1, 1)])
def test_one_value_a_channel_is_refused(shape):
    """Its variance is 0, whatever it is; the statistics stay as they were, by whatever way it comes."""
    layer, x, params = BatchNormalization(), np.full(shape, 3.0), start(2, np.float64)
    ctx = Context(input_shape=shape[1:], training=True)
    for way in (layer.run, layer.forward):
        with pytest.raises(ShapeError, match=r"one value a channel|at least 2 samples"):
            way(params, x, ctx)
    built = layer.build(shape[1:])
    with pytest.raises(ShapeError, match=r"BatchNormalization needs at least 2 samples in each batch.*, not 1"):
        built.forward(x)
    for statistics in (params, built.parameters):
        assert statistics["running_mean"].tolist() == [0, 0]
        assert statistics["running_variance"].tolist() == [1, 1]
    built.is_training = False
    assert built.forward(x).shape == shape


def test_two_values_a_channel_are_enough():
    """(1, 3) in each channel: mean 2 and variance 1."""
    for x in ([[1.0], [3.0]], [[[[1.0, 3.0]]]], [[[[1.0], [3.0]]]]):
        built = BatchNormalization(momentum=0.0).build(np.shape(x)[1:])
        built.forward(x)
        np.testing.assert_allclose([built.running_mean[0], built.running_variance[0]], [2, 1])


def test_a_block_is_refused_as_a_whole():
    """The normalisation before the pooling could be computed, but it is left as it was, too."""
    block = Residual(
        [BatchNormalization(), MaxPooling2D(2), BatchNormalization()], [MaxPooling2D(2)], input_shape=(1, 2, 2)
    ).build()
    before = {name: array.copy() for name, array in block.parameters.items()}
    x = np.arange(8.0).reshape(2, 1, 2, 2)
    with pytest.raises(ShapeError, match="Residual needs at least 2 samples"):
        block.forward(x[:1])
    assert {name: array.tolist() for name, array in block.parameters.items()} == {
        name: array.tolist() for name, array in before.items()
    }
    assert (block.draws, block.forward_inputs) == (0, None)
    assert block.forward(x).shape == (2, 1, 1, 1)


@pytest.mark.parametrize("shape", [(7,), (7, 2, 3)])
def test_parameters(shape):
    declared = BatchNormalization().parameters(shape)
    assert [(p.name, p.shape, p.trainable) for p in declared] == [
        ("gamma", (7,), True),
        ("beta", (7,), True),
        ("running_mean", (7,), False),
        ("running_variance", (7,), False),
    ]
    rng = np.random.default_rng(0)
    assert [p.initializer((1,), rng).tolist() for p in declared] == [[1], [0], [0], [1]]
    bare = BatchNormalization(scale=False, center=False).parameters(shape)
    assert [p.name for p in bare] == ["running_mean", "running_variance"]


def test_settings():
    expected = {"momentum": 0.9, "epsilon": 1e-5, "scale": True, "center": True, "trainable": True}
    assert BatchNormalization().settings() == expected
