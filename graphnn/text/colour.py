"""Colours for terminals that have them; only text that is made visible first is ever painted."""

import os
from enum import Enum
from typing import TextIO

from graphnn.text.visible import visible


class Meaning(Enum):
    """What a colour says; the value is the code of the terminal for it (SGR, ECMA-48, section 8.3.117)."""

    ERROR = "1;31"  # bold red
    NOTE = "33"  # yellow
    GOOD = "32"  # green
    TITLE = "1"  # bold
    FAINT = "2"
    BAR = "36"  # cyan
    SHADE_1 = "48;5;17;38;5;255"  # ever brighter blues, for numbers of a matrix
    SHADE_2 = "48;5;18;38;5;255"
    SHADE_3 = "48;5;19;38;5;255"
    SHADE_4 = "48;5;20;38;5;255"
    SHADE_5 = "48;5;27;38;5;255"
    WRONG_1 = "48;5;52;38;5;255"  # ever brighter reds
    WRONG_2 = "48;5;88;38;5;255"
    WRONG_3 = "48;5;124;38;5;255"
    WRONG_4 = "48;5;160;38;5;255"


class Painted(str):
    """Text with colours, in which everything else has been made visible: it may go to a terminal as it is."""

    __slots__ = ()


def has_colour(stream: TextIO) -> bool:
    """Whether text on a stream is coloured: a terminal's is, unless NO_COLOR is set or TERM is dumb.

    FORCE_COLOR colours what is no terminal, too. An empty variable counts as not set, and NO_COLOR goes first.
    """
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "") not in ("", "0"):
        return True
    return os.environ.get("TERM") != "dumb" and is_terminal(stream)


def is_terminal(stream: TextIO) -> bool:
    """Whether a stream is a terminal; one that is closed is none."""
    try:
        return stream.isatty()
    except (AttributeError, ValueError):
        return False


def painted(text: str, style: Meaning | None) -> Painted:
    """Return text in a colour, with an escape for what would command the terminal otherwise."""
    safe = text if isinstance(text, Painted) else visible(text)
    return Painted(safe if style is None or not safe else f"\x1b[{style.value}m{safe}\x1b[0m")


def joined(separator: str, parts: "list[str] | list[Painted]") -> Painted:
    """Return parts joined to one painted text."""
    return Painted(visible(separator).join(each if isinstance(each, Painted) else visible(each) for each in parts))
