"""Bars and spinners: how much of something is done, in one line of a terminal."""

import math
from typing import TextIO

from graphnn.text.tables import display_width
from graphnn.text.visible import fits

SPINNER, PLAIN_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", "|/-\\"
PART, HALF, REST = "━", "╸", "─"
PLAIN_PART, PLAIN_REST = "=", "-"
LEAST, MOST = 12, 50  # columns of a bar
READABLE = 20  # columns that long words leave to it


def bar(share: float, width: int, stream: TextIO) -> tuple[str, str]:
    """Return what is done, 0…1, as the two parts of a bar: the part that is full, and the rest."""
    share = min(1.0, max(0.0, share)) if math.isfinite(share) else 0.0
    if not shows(PART + HALF + REST, stream):
        columns = int(share * width)
        return PLAIN_PART * columns, PLAIN_REST * (width - columns)
    halves = int(share * 2 * width)
    full = PART * (halves // 2) + HALF * (halves % 2)
    return full, REST * (width - len(full))


def spinner(seconds: float, stream: TextIO) -> str:
    """Return the character of a spinner at a time; it changes ten times a second."""
    characters = SPINNER if shows(SPINNER, stream) else PLAIN_SPINNER
    return characters[int(10 * seconds) % len(characters)]


def shows(characters: str, stream: TextIO) -> bool:
    """Whether the encoding of a stream has these characters."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return all(fits(one, encoding) for one in characters)


def bar_width(width: int, *others: str) -> int:
    """Return the columns that other texts of a line leave to a bar, from LEAST to MOST."""
    return max(LEAST, min(MOST, width - sum(map(display_width, others))))
