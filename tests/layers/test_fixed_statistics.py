"""BatchNormalization with fixed statistics: by hand, by a plain loop, by differences, fused, and one sample alone."""

import math

import numpy as np
import pytest

from graphnn.layers.batch_normalization import BatchNormalization
from graphnn.layers.context import Context
from graphnn.layers.fused import activated
from graphnn.layers.gelu import GELU
from graphnn.layers.relu import ReLU
from graphnn.layers.residual import Residual
from graphnn.layers.silu import SiLU

FIXED = {"statistics": False}


def values(checks, layer, x):
    """Return random parameters and statistics, none of them special, in x's dtype."""
    rng = np.random.default_rng(4)
    params = checks.parameters(layer, x)
    params["running_mean"][...] = rng.normal(size=params["running_mean"].shape)
    params["running_variance"][...] = rng.uniform(0.2, 3, params["running_variance"].shape)
    return params


def test_literals(checks):
    """μ = 5 and σ² = 1 of an earlier training; ε = 3 makes the root 2, so x̂ = (1, −2) of (7, 1)."""
    checks.literal(
        BatchNormalization(epsilon=3.0, trainable=FIXED),
        x=[[7.0], [1.0]],
        y=[[10 + 1], [-20 + 1]],
        dy=[[1.0], [4.0]],
        dx=[[10 / 2], [40 / 2]],
        params={"gamma": [10.0], "beta": [1.0], "running_mean": [5.0], "running_variance": [1.0]},
        gradients={"gamma": [1 - 8], "beta": [5]},
    )


def test_literals_of_one_image(checks):
    """One sample of one pixel: a batch has no variance there, and needs none. ε = 1: the roots are 2 and 3."""
    checks.literal(
        BatchNormalization(epsilon=1.0, center=False, trainable=FIXED),
        x=[[[[4.0]], [[5.0]]]],
        y=[[[[2 * (4 - 2) / 2]], [[-1 * (5 + 1) / 3]]]],
        dy=[[[[3.0]], [[6.0]]]],
        dx=[[[[3 * 2 / 2]], [[6 * -1 / 3]]]],
        params={"gamma": [2.0, -1], "running_mean": [2.0, -1], "running_variance": [3.0, 8]},
        gradients={"gamma": [3, 12]},
    )


@pytest.mark.parametrize("shape", [(6, 4), (3, 4, 2, 5), (1, 4), (1, 4, 1, 1), (3, 16, 2, 2)])
@pytest.mark.parametrize(("scale", "center"), [(True, True), (True, False), (False, True), (False, False)])
def test_plain_loop(checks, operations, shape, scale, center):
    layer = BatchNormalization(scale=scale, center=center, trainable=FIXED)
    x, dy = checks.spread(*shape), checks.spread(*shape, seed=5)
    params = values(checks, layer, x)
    result = checks.run(layer, x, dy, params=params, kernels=operations)
    assert result.gradients.keys() == {name for name, on in (("gamma", scale), ("beta", center)) if on}
    for c in range(shape[1]):
        root = math.sqrt(params["running_variance"][c] + 1e-5)
        normal = [(value - params["running_mean"][c]) / root for value in x[:, c].ravel().tolist()]
        above = dy[:, c].ravel().tolist()
        gamma = params["gamma"][c] if scale else 1.0
        beta = params["beta"][c] if center else 0.0
        expected = {"gamma": sum(d * v for d, v in zip(above, normal, strict=True)), "beta": sum(above)}
        np.testing.assert_allclose(result.y[:, c].ravel(), [gamma * v + beta for v in normal], rtol=1e-10, atol=1e-11)
        np.testing.assert_allclose(result.dx[:, c].ravel(), [gamma / root * d for d in above], rtol=1e-11, atol=1e-12)
        for name, gradient in result.gradients.items():
            np.testing.assert_allclose(gradient[c], expected[name], rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("shape", [(6, 4), (3, 4, 2, 5), (1, 4)])
@pytest.mark.parametrize("activation", [None, ReLU(), GELU(), SiLU()], ids=str)
def test_gradients(checks, shape, activation):
    kind = BatchNormalization if activation is None else activated(activation)
    checks.gradients(kind(trainable=FIXED, scale=shape[0] > 1), checks.spread(*shape, seed=3), step=1e-7, rtol=1e-5)


@pytest.mark.parametrize("shape", [(6, 16, 4, 5), (6, 3, 4, 5), (1, 16), (6, 5)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("activation", [ReLU(), GELU(), SiLU()], ids=lambda layer: layer.type)
def test_fused_with_an_activation_equals_one_after_the_other(checks, operations, shape, dtype, activation):
    """In training as in inference: the same y; and dx and gradients of the two layers in turn."""
    alone = BatchNormalization(trainable=FIXED)
    x = checks.spread(*shape).astype(dtype)
    dy = np.random.default_rng(0).normal(size=shape).astype(dtype)
    params = values(checks, alone, x)
    both = checks.run(activated(activation)(trainable=FIXED), x, dy, params=params, kernels=operations)
    normalised = checks.run(alone, x, params=params).y
    after = checks.run(activation, normalised, dy)
    first = checks.run(alone, x, after.dx, params=params)
    tolerance = {"rtol": 0, "atol": 3e-5 if dtype == np.float32 else 1e-12}
    np.testing.assert_allclose(both.y, after.y, **tolerance)
    np.testing.assert_allclose(both.dx, first.dx, **tolerance)
    for name, gradient in first.gradients.items():
        np.testing.assert_allclose(both.gradients[name], gradient, rtol=1e-4, atol=tolerance["atol"])
    np.testing.assert_array_equal(normalised, checks.run(alone, x, params=params, training=False).y)


@pytest.mark.parametrize("kind", [BatchNormalization, activated(ReLU()), activated(SiLU())])
def test_what_nobody_needs_is_left_out(checks, operations, kind):
    x, dy = checks.spread(4, 16, 3, 3), checks.spread(4, 16, 3, 3, seed=5)
    layer = kind(trainable=FIXED)
    params = values(checks, layer, x)
    whole = checks.run(layer, x, dy, params=params, kernels=operations)
    for trained in ({"beta"}, set()):
        ctx = Context(input_shape=x.shape[1:], training=True, trained=trained, kernels=operations)
        dx, gradients = layer.run(params, x, ctx)[1](checks.channels_last(dy))
        np.testing.assert_array_equal(dx, whole.dx)
        assert gradients.keys() == trained
    ctx = Context(input_shape=x.shape[1:], training=True, needs_dx=False, kernels=operations)
    dx, gradients = layer.run(params, x, ctx)[1](checks.channels_last(dy))
    assert dx is None
    np.testing.assert_array_equal(gradients["gamma"], whole.gradients["gamma"])


@pytest.mark.parametrize(
    ("trainable", "fixed"),
    [
        (True, False),
        (False, True),
        ({}, False),
        (FIXED, True),
        ({"statistics": True}, False),
        ({"gamma": False, "beta": False}, False),
        ({"gamma": {"until_epoch": 2}, "statistics": False}, True),
    ],
)
def test_which_settings_fix_the_statistics(trainable, fixed):
    """A fixed layer takes one sample, and leaves its statistics to the last bit; any other moves them."""
    layer = BatchNormalization(trainable=trainable)
    assert layer.fixed_statistics == fixed
    assert layer.batchwise != fixed
    assert layer.least_samples((3,)) == (1 if fixed else 2)
    built = layer.build((3,))
    built.running_mean, built.running_var = [1, 2, 3], [4, 5, 6]
    built.forward(np.arange(3.0 if fixed else 6.0).reshape(-1, 3))
    assert (built.running_mean.tolist() == [1, 2, 3]) == (built.running_var.tolist() == [4, 5, 6]) == fixed


def test_a_frozen_layer_by_itself():
    """It has no gradient but that of its input: γ/√(σ² + ε) = 1/2."""
    layer = BatchNormalization(epsilon=1.0, trainable=False).build((2,))
    layer.running_variance = [3, 3]
    np.testing.assert_allclose(layer.forward([[2.0, 4.0]]), [[1, 2]])
    np.testing.assert_allclose(layer.backward([[1.0, -6.0]]), [[0.5, -3]])
    assert layer.gradients == {}


def test_a_block_of_frozen_layers_takes_one_sample():
    block = Residual([BatchNormalization(trainable=False), ReLU()], input_shape=(2,)).build()
    assert block.layer.least_samples((2,)) == 1
    np.testing.assert_allclose(block.forward([[1.0, -1.0]]), [[2, -1]], rtol=1e-5)
    np.testing.assert_allclose(block.backward([[1.0, 1.0]]), [[2, 1]], rtol=1e-5)
