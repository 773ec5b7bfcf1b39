"""GlobalAveragePooling by hand, by a plain loop, by numerical gradients, and on inputs that are not images."""

import numpy as np
import pytest

from graphnn.layers.base import UnfitInput
from graphnn.layers.global_average_pooling import GlobalAveragePooling


def test_literals(checks):
    x = [[[[1.0, 2.0], [3.0, 6.0]], [[0.0, 0.0], [0.0, -4.0]]]]
    checks.literal(GlobalAveragePooling(), x, [[3, -1]], [[4.0, 8.0]], [[[[1, 1], [1, 1]], [[2, 2], [2, 2]]]])


@pytest.mark.parametrize("shape", [(3, 4, 5, 6), (2, 32, 8, 8), (1, 1, 1, 1), (2, 3, 7, 1)])
def test_plain_loop(checks, shape):
    x, dy = checks.spread(*shape), checks.spread(*shape[:2], seed=5)
    result = checks.run(GlobalAveragePooling(), x, dy)
    for n in range(shape[0]):
        for c in range(shape[1]):
            mean = sum(x[n, c].ravel().tolist()) / (shape[2] * shape[3])
            assert result.y[n, c] == pytest.approx(mean, rel=1e-12, abs=1e-14)
            np.testing.assert_allclose(result.dx[n, c], dy[n, c] / (shape[2] * shape[3]), rtol=1e-14)


def test_gradients(checks):
    checks.gradients(GlobalAveragePooling(), checks.spread(3, 4, 5, 6))


def test_a_vector_is_refused():
    with pytest.raises(UnfitInput, match="GlobalAveragePooling needs an image C×H×W, but the input gives 10"):
        GlobalAveragePooling().output_shape((10,))
