"""Counts, sizes and durations as text for people."""

import sys
from collections.abc import Sequence


def count_text(count: int) -> str:
    """Return a count with thousands separators: 1,234,567."""
    return f"{count:,}"


def short_count_text(count: int) -> str:
    """Return a count in at most six characters: 1.23 M."""
    if count < 10_000:
        return f"{count:,}"
    return three_digits(*scaled(count, 1000, 999.5, ("", "k", "M", "G", "T", "P", "E", "Z", "Y")))


def bytes_text(size: int) -> str:
    """Return bytes in the largest binary unit that leaves at least one: 1.5 MiB."""
    if size < 1024:
        return f"{size} B"
    value, unit = scaled(size, 1024, 1023.95, BYTES)
    return f"{value:,.1f} {unit}"


def short_bytes_text(size: int) -> str:
    """Return bytes in at most eight characters: 1.50 MiB."""
    return f"{size} B" if size < 1000 else three_digits(*scaled(size, 1024, 999.5, BYTES))


BYTES = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB")


def three_digits(value: float, unit: str) -> str:
    """Return a value with three significant digits and its unit."""
    return f"{value:.{max(0, 2 - (value >= 9.995) - (value >= 99.95))}f} {unit}"


def scaled(number: int, base: int, limit: float, units: Sequence[str]) -> tuple[float, str]:
    """Return the number in the first unit, each `base` times the one before, in which it is below `limit`.

    Numbers that no float can hold count as the largest that one can.
    """
    number, power = min(number, int(sys.float_info.max)), 0
    while number >= limit * base**power and power < len(units) - 1:
        power += 1
    return number / base**power, units[power]


def clock(seconds: float) -> str:
    """Return a duration: 0:42, 12:05, 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
