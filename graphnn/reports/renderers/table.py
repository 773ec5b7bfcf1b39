"""Text for a terminal: tables with aligned columns, cut or wrapped to the terminal's width."""

import textwrap
from collections.abc import Iterator, Sequence
from typing import assert_never

from graphnn.reports.report import Alternatives, Column, Fact, Facts, Lines, Part, Remark, Report, Table
from graphnn.text.tables import GAP, ColumnLayout, bare_table, natural_width, natural_widths, table
from graphnn.text.visible import single_line

ROOM = 120  # columns for alternatives, where the width is unknown
LEAST_WRAPPED = 20  # columns for the column that wraps, however narrow the terminal is


def render(report: Report, width: int | None) -> str:
    """Return the parts with an empty line between them. width: in columns; None: the report's, or no limit."""
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
            return list(map(single_line, part.lines))
        case Remark():
            return [part.text] if width is None else textwrap.wrap(part.text, width)
        case Alternatives():
            return table_lines(fitting(part, width or ROOM), width)
        case _:
            assert_never(part)


def fact_lines(facts: Sequence[Fact]) -> list[str]:
    """Return a line for each fact, the values aligned right."""
    return bare_table((ColumnLayout(""), ColumnLayout("", right=True)), [(fact.label, fact.text) for fact in facts])


def fitting(alternatives: Alternatives, width: int) -> Table:
    """Return the first of the tables that is no wider than `width`, or else the last."""
    *larger, last = alternatives.tables
    return next((one for one in larger if natural_width(layouts(one.columns), cells(one)) <= width), last)


def table_lines(part: Table, width: int | None) -> list[str]:
    """Return the lines of a table, after its title and before the parts at its foot, which a rule sets off."""
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
    lines += [line for footer in part.foot for line in part_lines(footer, width)]
    return [part.title, "", *lines] if part.title else lines


def layouts(columns: Sequence[Column], *, headed: bool = True, short: bool = False) -> list[ColumnLayout]:
    """Return how the columns are laid out."""
    titles = [column.title if column.short is None or not short else column.short for column in columns]
    return [
        ColumnLayout(title if headed else "", column.kind.right, column.least, column.middle)
        for title, column in zip(titles, columns, strict=True)
    ]


def cells(part: Table, *, short: bool = False) -> list[list[str]]:
    """Return the cells as text, with those of the table's last row."""
    rows = part.rows if part.last is None else [*part.rows, part.last]
    return [[column.text(value, short=short) for column, value in zip(part.columns, row, strict=True)] for row in rows]


def wrapped(
    columns: Sequence[Column], column_layouts: Sequence[ColumnLayout], rows: Sequence[list[str]], width: int
) -> Iterator[list[str]]:
    """Yield the rows, each followed by rows that continue the column that wraps."""
    index = next((i for i, column in enumerate(columns) if column.wraps), None)
    if index is None:
        yield from rows
        return
    widths = natural_widths(column_layouts, rows)
    room = max(LEAST_WRAPPED, width - len(GAP) * (len(widths) - 1) - sum(widths[:index] + widths[index + 1 :]))
    for row in rows:
        first, *more = textwrap.wrap(row[index], room, break_long_words=False, break_on_hyphens=False) or [""]
        yield [*row[:index], first, *row[index + 1 :]]
        for line in more:
            yield [line if i == index else "" for i in range(len(row))]
