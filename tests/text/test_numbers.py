"""Numbers as people read them."""

import pytest

from graphnn.text.numbers import bytes_text, clock, short_bytes_text, short_count_text


@pytest.mark.parametrize(("seconds", "text"), [(0.2, "0:00"), (61.6, "1:02"), (3723, "1:02:03")])
def test_a_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"), [(1023, "1023 B"), (1024, "1.0 KiB"), (3 * 2**79, "1.5 YiB"), (2**80 * 5000, "5,000.0 YiB")]
)
def test_bytes(size: int, text: str) -> None:
    assert bytes_text(size) == text


def test_what_no_float_can_hold_has_a_text() -> None:
    assert bytes_text(10**400).endswith(" YiB")
    assert short_bytes_text(10**400).endswith(" YiB")
    assert short_count_text(10**400).endswith(" Y")
