"""Values as text, at the limits where the form of the text changes."""

import pytest

from graphnn.reports.kinds import (
    SHAPE,
    TEXT,
    Kind,
    metric_kind,
    milliseconds_text,
    percent_text,
    rate_text,
    scalar_or_shape_text,
    six_digits,
)
from graphnn.reports.report import Column


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0000005, "0.001"), (0.00099, "0.990"), (0.001, "1.00"), (0.1, "100.0"), (2.0, "2,000.0")]
)
def test_milliseconds(seconds: float, text: str) -> None:
    assert milliseconds_text(seconds) == text


@pytest.mark.parametrize(("rate", "text"), [(9.96, "10.0"), (10.4, "10"), (12345.6, "12,346"), (3.14159, "3.1")])
def test_rates(rate: float, text: str) -> None:
    assert rate_text(rate) == text


def test_shares_shapes_and_digits() -> None:
    assert percent_text(0.98333) == "98.33%"
    assert (scalar_or_shape_text(()), SHAPE.plain((64, 8, 8))) == ("1", "64x8x8")
    assert (six_digits(0.123456789), six_digits(7.0)) == ("0.123457", "7")


def test_metrics_are_shown_as_everywhere() -> None:
    assert (metric_kind("accuracy").text(0.5), metric_kind("loss").text(0.5)) == ("50.00%", "0.5000")


def test_what_stands_for_nothing() -> None:
    column = Column("n", Kind(lambda n: f"<{n}>", short=str), absent="–", zero="·")
    assert [column.text(value) for value in (None, 0, 7)] == ["–", "·", "<7>"]
    assert column.text(7, short=True) == "<7>"  # without a short title there is no short column
    assert Column("n", TEXT).text(0) == "0"
    assert Column("n", TEXT).plain(None) is None
