"""What tests of several parts share: both kinds of kernels."""

import pytest

from graphnn.kernels.kernels import NUMPY, Kernels
from graphnn.kernels.numba_kernels import NUMBA


@pytest.fixture(scope="module", params=[NUMPY, NUMBA], ids=lambda kernels: kernels.name)
def operations(request: pytest.FixtureRequest) -> Kernels:
    """The kernels by numpy, then those by numba where it is installed."""
    kernels: Kernels = request.param
    if kernels is NUMBA:
        pytest.importorskip("numba")
    return kernels
