"""What tests of several parts share: both kinds of kernels."""

import pytest

from graphnn.engine import plan, program
from graphnn.kernels.kernels import NUMPY, Kernels
from graphnn.kernels.numba_kernels import NUMBA


@pytest.fixture(scope="module", params=[NUMPY, NUMBA], ids=lambda kernels: kernels.name)
def operations(request: pytest.FixtureRequest) -> Kernels:
    """The kernels by numpy, then those by numba where it is installed."""
    kernels: Kernels = request.param
    if kernels is NUMBA:
        pytest.importorskip("numba")
    return kernels


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut batches into pieces of at most 3 samples, so that a small one keeps several threads busy."""
    for module in (plan, program):
        monkeypatch.setattr(module, "piece_size", lambda nodes, batch_size: min(3, batch_size))
