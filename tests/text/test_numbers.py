"""Numbers as people read them."""

import pytest

from graphnn.text.numbers import clock


@pytest.mark.parametrize(("seconds", "text"), [(0.2, "0:00"), (61.6, "1:02"), (3723, "1:02:03")])
def test_a_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text
