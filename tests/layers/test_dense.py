"""Dense by hand, by a plain loop, by differences, and what it refuses."""

import numpy as np
import pytest

from graphnn.layers.base import UnfitInput
from graphnn.layers.dense import Dense

W = [[1.0, 2.0, 3.0], [0.0, -1.0, 1.0]]


def test_literals(checks):
    checks.literal(
        Dense(2),
        x=[[1.0, 0.0, 2.0], [-1.0, 1.0, 0.0]],
        y=[[17, 22], [11, 19]],
        dy=[[1.0, 2.0], [3.0, 4.0]],
        dx=[[1, 0, 5], [3, 2, 13]],
        params={"weights": W, "biases": [10.0, 20.0]},
        gradients={"weights": [[-2, 3, 2], [-2, 4, 4]], "biases": [4, 6]},
    )


def test_literals_without_bias(checks):
    checks.literal(
        Dense(2, use_bias=False),
        x=[[1.0, 0.0, 2.0]],
        y=[[7, 2]],
        dy=[[1.0, 2.0]],
        dx=[[1, 0, 5]],
        params={"weights": W},
        gradients={"weights": [[1, 0, 2], [2, 0, 4]]},
    )


def test_plain_loop(checks):
    x, dy = checks.spread(4, 5), checks.spread(4, 3, seed=5)
    params = checks.parameters(Dense(3), x)
    result = checks.run(Dense(3), x, dy, params=params)
    y, dx, dW, db = np.zeros((4, 3)), np.zeros((4, 5)), np.zeros((3, 5)), np.zeros(3)
    for n in range(4):
        for d in range(3):
            y[n, d] += params["biases"][d]
            db[d] += dy[n, d]
            for c in range(5):
                y[n, d] += x[n, c] * params["weights"][d, c]
                dx[n, c] += dy[n, d] * params["weights"][d, c]
                dW[d, c] += dy[n, d] * x[n, c]
    for found, expected in ((result.y, y), (result.dx, dx), (result.gradients["weights"], dW)):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(result.gradients["biases"], db, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("use_bias", [True, False])
def test_gradients(checks, use_bias):
    checks.gradients(Dense(3, use_bias), checks.spread(4, 5))


def test_parameters_and_their_start():
    weights, biases = Dense(300).parameters((200,))
    assert (weights.name, weights.shape, biases.name, biases.shape) == ("weights", (300, 200), "biases", (300,))
    drawn = weights.initializer(weights.shape, np.random.default_rng(0))
    assert abs(drawn.std() - np.sqrt(2 / 200)) < 0.001
    assert abs(drawn.mean()) < 0.002
    assert not biases.initializer(biases.shape, np.random.default_rng(0)).any()
    assert [p.name for p in Dense(300, use_bias=False).parameters((200,))] == ["weights"]
    assert Dense(300).multiply_adds((200,)) == 60_000


def test_an_image_is_refused():
    with pytest.raises(UnfitInput, match="Dense needs a vector, but the input gives 64×8×8; put Flatten"):
        Dense(3).output_shape((64, 8, 8))
