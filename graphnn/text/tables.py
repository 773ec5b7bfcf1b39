"""Plain-text tables: aligned columns, cut where the terminal is too narrow."""

import unicodedata
from collections.abc import Callable, Sequence

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.text.colour import Painted
from graphnn.text.visible import single_line, visible

ELLIPSIS = "…"
GAP = "  "  # between columns


@frozen_dataclass
class ColumnLayout:
    """One column: its title, which may have a line break, and how its cells are aligned and cut.

    least: the width to which its cells may be cut in a narrow terminal; None: never.
    middle: whether they are cut in the middle, to keep the end (the number in a name).
    """

    title: str
    right: bool = False
    least: int | None = None
    middle: bool = False


Paint = Callable[[int, int, str], str]  # gives the text of a row and a column, both from 0, its colour


def table(
    columns: Sequence[ColumnLayout],
    rows: Sequence[Sequence[str]],
    width: int | None = None,
    *,
    ruled: bool = False,
    paint: Paint | None = None,
) -> list[str]:
    """Return the lines of a table with a rule under its titles and, if `ruled`, under its rows.

    width: in columns; None: no limit. paint: colours the cells; a line with colours is Painted.
    """
    titles = title_lines(columns)
    cells = [list(map(single_line, row)) for row in rows]
    widths = natural_widths(columns, cells)
    if width is not None:
        widths = squeezed(widths, columns, width - len(GAP) * (len(columns) - 1))
    total = sum(widths) + len(GAP) * (len(columns) - 1)

    def line(row: Sequence[str]) -> str:
        parts = (pad(cell, size, column) for cell, size, column in zip(row, widths, columns, strict=True))
        return GAP.join(parts).rstrip()

    def coloured(number: int, row: Sequence[str]) -> str:
        parts = [pad(cell, size, column) for cell, size, column in zip(row, widths, columns, strict=True)]
        shown = [part if paint is None else paint(number, at, part) for at, part in enumerate(parts)]
        return Painted(GAP.join(shown).rstrip()) if any(isinstance(part, Painted) for part in shown) else line(row)

    rule = "─" * total
    body = [coloured(number, row) for number, row in enumerate(cells)]
    return [*(line(row) for row in zip(*titles, strict=True)), rule, *body, *([rule] if ruled else [])]


def title_lines(columns: Sequence[ColumnLayout]) -> list[list[str]]:
    """Return the lines of each column's title, with empty lines above the shorter ones."""
    titles = [visible(column.title).split("\n") for column in columns]
    height = max(len(lines) for lines in titles)
    return [[""] * (height - len(lines)) + lines for lines in titles]


def natural_widths(columns: Sequence[ColumnLayout], rows: Sequence[Sequence[str]]) -> list[int]:
    """Return the width that each column needs without cutting."""
    return [
        max([*(display_width(line) for line in lines), *(display_width(single_line(row[i])) for row in rows)])
        for i, lines in enumerate(title_lines(columns))
    ]


def bare_table(
    columns: Sequence[ColumnLayout],
    rows: Sequence[Sequence[str]],
    width: int | None = None,
    *,
    paint: Paint | None = None,
) -> list[str]:
    """Return the lines of a table without titles and rule."""
    return table(columns, rows, width, paint=paint)[2:]


def natural_width(columns: Sequence[ColumnLayout], rows: Sequence[Sequence[str]]) -> int:
    """Return the width that the table needs without cutting."""
    return sum(natural_widths(columns, rows)) + len(GAP) * (len(columns) - 1)


def squeezed(widths: Sequence[int], columns: Sequence[ColumnLayout], room: int) -> list[int]:
    """Return widths whose sum is at most `room`, as far as the columns may be cut; the widest are cut first."""
    result = list(widths)
    while sum(result) > room:
        wide = [i for i, column in enumerate(columns) if column.least is not None and result[i] > column.least]
        if not wide:
            break
        result[max(wide, key=lambda i: result[i])] -= 1
    return result


def pad(text: str, width: int, column: ColumnLayout) -> str:
    """Return the text cut or padded to the width."""
    text = cut(text, width, middle=column.middle)
    fill = " " * (width - display_width(text))
    return fill + text if column.right else text + fill


def cut(text: str, width: int, *, middle: bool = False) -> str:
    """Return the text cut to at most `width` columns, with … for what is left out."""
    if display_width(text) <= width:
        return text
    tail = text[-((width - 1) // 4) :] if middle and width > 4 else ""
    head = text
    while display_width(head + ELLIPSIS + tail) > width and head:
        head = head[:-1]
    return head + ELLIPSIS + tail


def display_width(text: str) -> int:
    """Return the columns that a text takes in a terminal: East Asian wide characters two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(character) else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in text
    )
