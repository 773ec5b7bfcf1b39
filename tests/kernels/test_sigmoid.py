"""The logistic function at its extremes."""

import numpy as np
import pytest

from graphnn.kernels.sigmoid import sigmoid


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_no_overflow_and_in_place(dtype):
    x = np.array([-np.inf, -1e4, -np.log(3), 0, np.log(3), 1e4, np.inf], dtype)
    assert sigmoid(x, x) is x
    np.testing.assert_allclose(x, [0, 0, 0.25, 0.5, 0.75, 1, 1], rtol=1e-6)
    assert x.dtype == dtype
