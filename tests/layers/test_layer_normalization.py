"""LayerNormalization by hand, by a plain loop, by numerical gradients, and with a mean far from zero."""

import math

import numpy as np
import pytest

from graphnn.layers.layer_normalization import LayerNormalization


def test_literals(checks):
    """x = (1, 3): mean 2, variance 1; ε = 3 makes the root 2, so x̂ = (−½, ½)."""
    checks.literal(
        LayerNormalization(epsilon=3.0),
        x=[[1.0, 3.0]],
        y=[[-0.5 * 10 + 1, 0.5 * 20 + 2]],
        dy=[[1.0, 2.0]],  # g = (10, 40): mean 25, mean of g·x̂ = 7.5
        dx=[[(10 - 25 + 3.75) / 2, (40 - 25 - 3.75) / 2]],
        params={"gamma": [10.0, 20.0], "beta": [1.0, 2.0]},
        gradients={"gamma": [-0.5, 1], "beta": [1, 2]},
    )


def test_plain_loop(checks):
    layer = LayerNormalization()
    x, dy = checks.spread(3, 2, 3, 4), checks.spread(3, 2, 3, 4, seed=5)
    params = checks.parameters(layer, x)
    result = checks.run(layer, x, dy, params=params)
    dgamma = np.zeros((2, 3, 4))
    for n in range(3):
        values = x[n].ravel().tolist()
        mean = sum(values) / 24
        root = math.sqrt(sum((value - mean) ** 2 for value in values) / 24 + 1e-5)
        normal = (x[n] - mean) / root
        g = dy[n] * params["gamma"]
        np.testing.assert_allclose(result.y[n], params["gamma"] * normal + params["beta"], rtol=1e-11, atol=1e-13)
        dx = (g - sum(g.ravel().tolist()) / 24 - normal * sum((g * normal).ravel().tolist()) / 24) / root
        np.testing.assert_allclose(result.dx[n], dx, rtol=1e-11, atol=1e-13)
        dgamma += dy[n] * normal
    np.testing.assert_allclose(result.gradients["gamma"], dgamma, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(result.gradients["beta"], dy.sum(axis=0), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(("scale", "center"), [(True, True), (True, False), (False, True), (False, False)])
@pytest.mark.parametrize("shape", [(4, 10), (3, 2, 3, 4)])
def test_gradients(checks, shape, scale, center):
    checks.gradients(LayerNormalization(scale=scale, center=center), checks.spread(*shape))


def test_a_mean_far_above_the_deviation(checks):
    layer = LayerNormalization(scale=False, center=False)
    x = checks.spread(2, 1000).astype(np.float32)
    near, far = checks.run(layer, x).y, checks.run(layer, x + np.float32(4096)).y
    np.testing.assert_allclose(far, near, atol=1e-3)


def test_gamma_and_beta_have_the_shape_of_a_sample():
    gamma, beta = LayerNormalization().parameters((2, 3, 4))
    assert (gamma.name, gamma.shape, beta.name, beta.shape) == ("gamma", (2, 3, 4), "beta", (2, 3, 4))
    rng = np.random.default_rng(0)
    assert (gamma.initializer((2,), rng) == 1).all()
    assert (beta.initializer((2,), rng) == 0).all()


def test_settings():
    assert LayerNormalization().settings() == {"epsilon": 1e-5, "scale": True, "center": True, "trainable": True}
