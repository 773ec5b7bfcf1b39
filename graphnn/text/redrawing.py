"""A picture in a terminal that is drawn again in its place, fitted to the height of the window."""

import os
import re
import sys
from collections.abc import Sequence

from graphnn.text.colour import Painted, joined, painted
from graphnn.text.tables import display_width
from graphnn.text.terminal import terminal_width

HOME = "\x1b[H"  # ECMA-48, section 8.3.21: the cursor goes to the upper left corner
REST = "\x1b[K"  # section 8.3.41: erases the rest of a line
BELOW = "\x1b[J"  # section 8.3.39: erases what lies below
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
LEAST_ROWS = 3  # of a table; where fewer would be left between its titles and its totals, the totals go


def window_size() -> tuple[int, int]:
    """Return the columns and lines of the terminal behind standard output; 80 by 24 where it does not tell them."""
    try:
        lines = os.get_terminal_size(sys.stdout.fileno()).lines
    except (OSError, ValueError):
        lines = 0
    return terminal_width() or 80, lines or 24


def cleared(lines: int) -> str:
    """Return what moves all that a terminal of so many lines shows up and out, to where one can scroll back to it."""
    return "\n" * (lines - 1) + HOME + BELOW


def drawn(lines: Sequence[str]) -> Painted:
    """Return the picture of these lines, drawn over the one before without a flicker."""
    return Painted(HOME + joined("", [Painted(f"{painted(line, None)}{REST}\n") for line in lines]) + BELOW)


def fitted(lines: Sequence[str], width: int, height: int, before: Sequence[str] = ()) -> list[str]:
    """Return the lines that a window of this size shows, one line left free for the cursor.

    Of a table, its titles and totals and the rows around the first that was not among the lines `before` are kept.
    """
    room = height - 1
    if taken(lines, width) <= room:
        return list(lines)
    rules = [number for number, line in enumerate(lines) if is_rule(line)]
    if len(rules) >= 2:
        head, rows, foot = lines[: rules[0] + 1], lines[rules[0] + 1 : rules[1]], lines[rules[1] :]
        left = room - taken(head, width) - taken(foot, width)
        if left >= LEAST_ROWS:
            changed = next((number for number, new in enumerate(are_new(rows, before)) if new), 0)
            return [*head, *around(rows, changed, left), *foot]
    return shortened(lines, width, room)


def shortened(lines: Sequence[str], width: int, room: int) -> list[str]:
    """Return the first lines, as many as there is room for, and how many are left out."""
    if taken(lines, width) <= room:
        return list(lines)
    kept: list[str] = []
    for line in lines:
        if taken([*kept, line], width) > room - 1:
            break
        kept.append(line)
    return [*kept, more(len(lines) - len(kept), "lines")]


def are_new(lines: Sequence[str], before: Sequence[str]) -> list[bool]:
    """Return for each line whether it is not among those before, whatever the widths of columns; none is at first."""
    known = {words(line) for line in before}
    return [bool(before) and not is_rule(line) and words(line) not in known for line in lines]


def words(line: str) -> str:
    """Return a line without its colours and with one space between words."""
    return " ".join(COLOUR.sub("", line).split())


def around(rows: Sequence[str], middle: int, room: int) -> list[str]:
    """Return as many rows as there is room for, that in the middle among them, and how many are left out."""
    if len(rows) <= room:
        return list(rows)
    shown = room - 1
    begin = max(0, min(middle - shown // 2, len(rows) - shown))
    if begin and begin + shown < len(rows):
        shown -= 1
    after = len(rows) - begin - shown
    above = [more(begin, "lines above")] if begin else []
    below = [more(after, "lines")] if after else []
    return [*above, *rows[begin : begin + shown], *below]


def more(count: int, what: str) -> str:
    """Return the line that stands for others."""
    return painted(f"… {count} more {what}; a taller window shows them", None)


def is_rule(line: str) -> bool:
    """Whether a line is the rule of a table."""
    return set(line) == {"─"}


def taken(lines: Sequence[str], width: int) -> int:
    """Return how many lines of a terminal these lines take; those that are too long go on in the next."""
    return sum(max(1, -(-display_width(COLOUR.sub("", line)) // width)) for line in lines)
