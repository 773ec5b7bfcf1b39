"""PReLU by hand, by a plain loop and by differences, beside LeakyReLU, and with its slopes fixed."""

import numpy as np
import pytest

from graphnn.layers.context import Context
from graphnn.layers.leaky_relu import LeakyReLU
from graphnn.layers.prelu import PReLU
from graphnn.optimizers.sgd import SGD
from graphnn.parameters.parameter import Role


def test_literals_of_vectors(checks):
    """The slopes' gradients are −2·4 + (−1)·(−3) and 3·0 + (−5)·2; zero has slope 1."""
    checks.literal(
        PReLU(),
        [[-2.0, 3.0, 0.0], [-1, -5, 7]],
        [[-1, 3, 0], [-0.5, 10, 7]],
        [[4.0, 6.0, 5.0], [-3, 2, 1]],
        [[2, 6, 5], [-1.5, -4, 1]],
        params={"slopes": [0.5, -2.0, 3.0]},
        gradients={"slopes": [-8 + 3, -10, 0]},
    )


def test_literals_of_images(checks):
    """A slope for each channel: −1·10 − 4·30 in the first, −6·6 in the second."""
    checks.literal(
        PReLU(),
        [[[[-1.0, 2.0], [-4, 3]], [[5, -6], [7, 8]]]],
        [[[[-0.5, 2], [-2, 3]], [[5, 0.0], [7, 8]]]],
        [[[[10.0, 20.0], [30, 40]], [[5, 6], [7, 8]]]],
        [[[[5, 20], [15, 40]], [[5, 0], [7, 8]]]],
        params={"slopes": [0.5, 0.0]},
        gradients={"slopes": [-10 - 120, -36]},
    )


@pytest.mark.parametrize("shape", [(3, 5, 4), (6,)])
def test_plain_loop(checks, shape):
    x, dy = checks.spread(4, *shape), checks.spread(4, *shape, seed=3)
    params = checks.parameters(PReLU(), x)
    y, dx, da = np.zeros_like(x), np.zeros_like(x), np.zeros(shape[0])
    for place in np.ndindex(x.shape):
        a = params["slopes"][place[1]]
        y[place] = max(0, x[place]) + a * min(0, x[place])
        dx[place] = dy[place] * (1 if x[place] >= 0 else a)
        da[place[1]] += dy[place] * min(0, x[place])
    result = checks.run(PReLU(), x, dy, params=params)
    np.testing.assert_allclose(result.y, y, rtol=1e-14)
    np.testing.assert_allclose(result.dx, dx, rtol=1e-14)
    np.testing.assert_allclose(result.gradients["slopes"], da, rtol=1e-12)


@pytest.mark.parametrize("shape", [(3, 5, 4), (6,)])
def test_gradients(checks, shape):
    checks.gradients(PReLU(), checks.spread(4, *shape))


def test_it_starts_from_the_given_slope_and_then_is_leaky_relu(checks):
    built = PReLU(0.1).build((3, 4, 4))
    assert built.slopes.tolist() == [np.float32(0.1)] * 3
    x = checks.spread(2, 3, 4, 4).astype(np.float32)
    np.testing.assert_allclose(built.forward(x), checks.run(LeakyReLU(0.1), x).y, rtol=1e-6)


def test_dx_keeps_the_bits_of_dy_where_the_input_is_positive(checks):
    x, dy = checks.spread(5, 3, 8, 8).astype(np.float32), checks.spread(5, 3, 8, 8, seed=2).astype(np.float32)
    dx = checks.run(PReLU(), x, dy).dx
    assert (dx[x >= 0] == dy[x >= 0]).all()


def test_no_weight_decay_unless_it_is_asked_for():
    (slopes,) = PReLU().parameters((3, 4, 4))
    assert (slopes.shape, slopes.role) == ((3,), Role.SCALE)
    assert SGD(weight_decay=0.5).decay(slopes.role) == 0
    assert SGD(weight_decay=0.5, decay_biases=True).decay(slopes.role) == 0.5


def test_fixed_slopes_have_no_gradient(checks):
    layer = PReLU(trainable={"slopes": False})
    assert not layer.parameters((3,))[0].trainable
    ctx = Context(input_shape=(3,), training=True, trained=())
    _, backward = layer.forward({"slopes": np.full(3, 0.5)}, checks.spread(2, 3), ctx)
    assert backward(np.ones((2, 3)))[1] == {}
