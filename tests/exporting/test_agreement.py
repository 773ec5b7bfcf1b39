"""How far a file is from its network is told, and when that is more than rounding."""

import math

import pytest

from graphnn.exporting.agreement import Agreement


@pytest.mark.parametrize(
    ("difference", "largest", "told"),
    [(1e-6, 1, False), (0.01, 100, False), (0.01, 1, True), (0.01, 0.001, True), (math.nan, 1, True), (1, 100, True)],
)
def test_what_rounding_cannot_explain_is_told(difference: float, largest: float, told: bool) -> None:
    warning = Agreement(32, difference, None, largest).warning
    assert (warning is not None) == told
    assert warning is None or "does not give what graphnn gives" in warning
