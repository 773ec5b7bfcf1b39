"""Reports as text for a terminal: columns in line, cut or wrapped to its width."""

import textwrap
from collections.abc import Iterator, Sequence
from typing import assert_never

from graphnn.reports.report import Alternatives, Column, Fact, Facts, Lines, Part, Remark, Report, Table
from graphnn.text.tables import GAP, ColumnLayout, bare_table, natural_width, natural_widths, table

ROOM = 120  # columns that are thought to be there, where no terminal says otherwise
LEAST_WRAPPED = 20  # columns for what goes on in the next line, however narrow the terminal is


def render(report: Report, width: int | None) -> str:
    """Return the parts with an empty line between them. width: None: as wide as they ask for."""
    width = width or report.width
    parts = [lines for part in report.parts if (lines := part_lines(part, width))]
    spaced = [line for lines in parts for line in ("", *lines)][1:]
    return "".join(f"{line}\n" for line in spaced)


def part_lines(part: Part, width: int | None) -> list[str]:
    """Return the lines of one part."""
    match part:
        case Table():
            return table_lines(part, width)
        case Facts():
            return fact_lines(part.facts)
        case Lines():
            return list(part.lines)
        case Remark():
            return [part.text] if width is None else textwrap.wrap(part.text, width)
        case Alternatives():
            return table_lines(fitting(part, width or ROOM), width)
        case _:
            assert_never(part)


def fact_lines(facts: Sequence[Fact]) -> list[str]:
    """Return a line for each fact, the values in line at their right ends."""
    return bare_table((ColumnLayout(""), ColumnLayout("", right=True)), [(fact.label, fact.text) for fact in facts])


def fitting(alternatives: Alternatives, width: int) -> Table:
    """Return the first of the tables that is no wider than `width`, or else the last."""
    *larger, last = alternatives.tables
    return next((own for own in larger if natural_width(layouts(own.columns), cells(own)) <= width), last)


def table_lines(part: Table, width: int | None) -> list[str]:
    """Return the lines of a table, its title above, what belongs right below under a second rule."""
    columns, rows = layouts(part.columns, headed=part.headed), cells(part)
    if width is not None and natural_width(columns, rows) > width:
        columns, rows = layouts(part.columns, headed=part.headed, short=True), cells(part, short=True)
    if width is not None:
        rows = list(wrapped(part.columns, columns, rows, width))
    if not part.headed:
        lines = bare_table(columns, rows, width)
    elif part.last is not None:
        *lines, last, rule = table(columns, rows, width, ruled=True)
        lines += [rule, last]
    else:
        lines = table(columns, rows, width, ruled=bool(part.foot))
    lines += [line for own in part.foot for line in part_lines(own, width)]
    return [part.title, "", *lines] if part.title else lines


def layouts(columns: Sequence[Column], *, headed: bool = True, short: bool = False) -> list[ColumnLayout]:
    """Return how the columns are laid out."""
    titles = [column.title if column.short is None or not short else column.short for column in columns]
    return [
        ColumnLayout(title if headed else "", column.kind.right, column.least, column.middle)
        for title, column in zip(titles, columns, strict=True)
    ]


def cells(part: Table, *, short: bool = False) -> list[list[str]]:
    """Return the values as text, those of the last row at the end."""
    rows = part.rows if part.last is None else [*part.rows, part.last]
    return [[column.text(value, short=short) for column, value in zip(part.columns, row, strict=True)] for row in rows]


def wrapped(
    columns: Sequence[Column], given: Sequence[ColumnLayout], rows: Sequence[list[str]], width: int
) -> Iterator[list[str]]:
    """Yield the rows, and further ones for what does not fit into one line of the column that wraps."""
    place = next((i for i, column in enumerate(columns) if column.wraps), None)
    if place is None:
        yield from rows
        return
    widths = natural_widths(given, rows)
    room = max(LEAST_WRAPPED, width - len(GAP) * (len(widths) - 1) - sum(widths[:place] + widths[place + 1 :]))
    for row in rows:
        first, *more = textwrap.wrap(row[place], room, break_long_words=False, break_on_hyphens=False) or [""]
        yield [*row[:place], first, *row[place + 1 :]]
        for line in more:
            yield [line if i == place else "" for i in range(len(row))]
