"""Plain-text tables that fit the terminal, numbers as people read them, and text that any stream can show."""

import io
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

ELLIPSIS = "…"


@dataclass(frozen=True)
class Column:
    """One column: its title (a line break makes the title two lines) and how it behaves.

    least: the width to which its cells may be cut where the terminal is narrow; None: never.
    middle: cut out of the middle, so that the end (the ordinal of a name) stays.
    """

    title: str
    right: bool = False
    least: int | None = None
    middle: bool = False


def table(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int | None = None, *, ruled: bool = False
) -> list[str]:
    """Return the lines of a table with a rule under its titles, and under its rows where `ruled`.

    width: the terminal's; None: as wide as the cells ask for.
    """
    titles = [column.title.split("\n") for column in columns]
    height = max(len(lines) for lines in titles)
    titles = [[""] * (height - len(lines)) + lines for lines in titles]
    cells = [list(map(single_line, row)) for row in rows]
    widths = [
        max([*(display_width(line) for line in lines), *(display_width(row[i]) for row in cells)])
        for i, lines in enumerate(titles)
    ]
    gap = "  "
    if width is not None:
        widths = squeezed(widths, columns, width - len(gap) * (len(columns) - 1))
    total = sum(widths) + len(gap) * (len(columns) - 1)

    def line(row: Sequence[str]) -> str:
        parts = (pad(cell, size, column) for cell, size, column in zip(row, widths, columns, strict=True))
        return gap.join(parts).rstrip()

    rule = "─" * total
    body = [line(row) for row in cells]
    return [*(line(row) for row in zip(*titles, strict=True)), rule, *body, *([rule] if ruled else [])]


def markdown_table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table."""
    titles = [column.title.replace("-\n", "-").replace("\n", " ") for column in columns]
    marks = ["---:" if column.right else ":---" for column in columns]
    escaped = [[single_line(cell).replace("|", "\\|") for cell in row] for row in rows]
    return [f"| {' | '.join(row)} |" for row in (titles, marks, *escaped)]


def csv_lines(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return comma-separated lines, quoted where needed."""
    import csv  # takes 1 ms, and the usual format is another

    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(titles)
    writer.writerows(rows)
    return stream.getvalue()


def bare_table(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int | None = None) -> list[str]:
    """Return the rows alone, in line, of columns without titles."""
    return table(columns, rows, width)[2:]


def natural_width(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> int:
    """Return the width at which nothing is cut."""
    return max(display_width(line) for line in table(columns, rows))


def squeezed(widths: Sequence[int], columns: Sequence[Column], room: int) -> list[int]:
    """Return widths that fit into `room` where the columns allow it: the widest gives way first."""
    result = list(widths)
    while sum(result) > room:
        able = [i for i, column in enumerate(columns) if column.least is not None and result[i] > column.least]
        if not able:
            break
        result[max(able, key=lambda i: result[i])] -= 1
    return result


def pad(text: str, width: int, column: Column) -> str:
    """Return the text cut or filled to the width."""
    text = cut(text, width, middle=column.middle)
    fill = " " * (width - display_width(text))
    return fill + text if column.right else text + fill


def cut(text: str, width: int, *, middle: bool = False) -> str:
    """Return the text at most `width` wide, with … in place of what was left out."""
    if display_width(text) <= width:
        return text
    tail = text[-((width - 1) // 4) :] if middle and width > 4 else ""
    head = text
    while display_width(head + ELLIPSIS + tail) > width and head:
        head = head[:-1]
    return head + ELLIPSIS + tail


def display_width(text: str) -> int:
    """Return the terminal cells of a text: East Asian wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(character) else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in text
    )


def single_line(text: str) -> str:
    """Return the text with control characters (line breaks, terminal commands) replaced by spaces."""
    if text.isprintable():
        return text
    return "".join(" " if unicodedata.category(character) == "Cc" else character for character in text)
