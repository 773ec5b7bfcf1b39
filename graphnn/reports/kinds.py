"""Kinds of values: how counts, sizes, shares and others are written for people and for programs."""

from collections.abc import Callable
from typing import Any, NamedTuple

from graphnn.metrics.figures import figure
from graphnn.text.numbers import bytes_text, clock, count_text, short_bytes_text, short_count_text
from graphnn.types import Shape, shape_text


def unchanged(value: Any) -> Any:
    """Return the value."""
    return value


class Kind(NamedTuple):
    """How values of one kind are written.

    text: for people. short: for people, in a narrow terminal; None: as `text`. plain: for programs, without units and
    separators. right: whether columns of such values are aligned right. code: whether Markdown shows the value as code,
    so that a `*` in it is no markup.
    """

    text: Callable[[Any], str] = str
    short: Callable[[Any], str] | None = None
    plain: Callable[[Any], object] = unchanged
    right: bool = False
    code: bool = False


def scalar_or_shape_text(shape: Shape) -> str:
    """Return a shape as people write it, 64×8×8; 1 for the shape of a single number."""
    return shape_text(shape) or "1"


def plain_shape(shape: Shape) -> str:
    """Return a shape for programs: 64x8x8."""
    return "x".join(map(str, shape))


def percent_text(share: float) -> str:
    """Return a share, 0…1, in percent: 98.33%."""
    return f"{100 * share:.2f}%"


def value_text(value: float) -> str:
    """Return a number with four decimals, or with an exponent where it is very small or large."""
    return f"{value:.4f}" if value == 0 or 1e-3 <= abs(value) < 1e5 else f"{value:.2e}"


def six_digits(value: float) -> str:
    """Return a number with six significant digits, without trailing zeros."""
    return f"{value:.6g}"


def milliseconds_text(seconds: float) -> str:
    """Return seconds as milliseconds with about three significant digits."""
    ms = 1000 * seconds
    return f"{ms:,.1f}" if ms >= 100 else f"{ms:.2f}" if ms >= 1 else f"{ms:.3f}"


def rate_text(rate: float) -> str:
    """Return a number per second: an integer, or with one decimal below 10."""
    return count_text(round(rate)) if rate >= 10 else f"{rate:.1f}"


def difference_text(difference: float) -> str:
    """Return how far numbers are from each other, by its size: 7.2e-07, or 0."""
    return "0" if difference == 0 else f"{difference:.1e}"


TEXT = Kind()
CODE = Kind(code=True)
COUNT = Kind(count_text, short_count_text, right=True)
BYTES = Kind(bytes_text, short_bytes_text, right=True)
SHAPE = Kind(scalar_or_shape_text, plain=plain_shape, right=True)
SHARE = Kind(percent_text, right=True)  # 0…1
VALUE = Kind(value_text, right=True)
SIX_DIGITS = Kind(six_digits, plain=six_digits, right=True)
DURATION = Kind(clock, right=True)  # seconds
DIFFERENCE = Kind(difference_text, right=True)
MILLISECONDS = Kind(milliseconds_text, right=True)  # seconds, shown as milliseconds
RATE = Kind(rate_text, right=True)  # per second


def metric_kind(metric: str) -> Kind:
    """Return the kind of the values of a loss or metric."""
    return Kind(lambda value: figure(metric, value), right=True)
