"""Text for a terminal: tables with aligned columns that fit its width, with colours where it has them."""

import textwrap
from collections.abc import Iterator, Sequence
from typing import TypeVar, assert_never

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.reports.report import Alternatives, Column, Fact, Facts, Lines, Part, Remark, Report, Table
from graphnn.text.colour import Meaning, Painted, painted
from graphnn.text.tables import GAP, ColumnLayout, bare_table, cut, natural_width, natural_widths, table
from graphnn.text.visible import single_line, visible

T = TypeVar("T")

NARROW = 80  # columns, where no terminal says how many there are
WIDTHS = (NARROW, 100, 120)  # the columns that are tried then for a table, of which nothing is cut
LEAST_WRAPPED = 16  # columns for the column that wraps, however narrow the terminal is


@frozen_dataclass
class Screen:
    """What text is laid out for. width: in columns. cut: whether names are cut to fit. colour: whether it has any."""

    width: int
    cut: bool
    colour: bool

    def paint(self, text: str, style: Meaning | None) -> str:
        """Return text in a colour, where there are any."""
        return painted(text, style) if self.colour and style is not None and text.strip() else text


def render(report: Report, width: int | None, colour: bool = False) -> str:
    """Return the parts with an empty line between them.

    width: in columns; None: there is no terminal, so nothing is cut, and a table gets the first of WIDTHS it fits in.
    """
    screen = Screen(width or NARROW, width is not None, colour)
    parts = [lines for part in report.parts if (lines := part_lines(part, screen))]
    spaced = [line for lines in parts for line in ("", *lines)][1:]
    text = "".join(f"{line if isinstance(line, Painted) else visible(line)}\n" for line in spaced)
    return Painted(text) if colour else text


def next_part(report: Report, width: int | None, colour: bool = False, *, first: bool) -> str:
    """Return the text of one of several reports, laid out by itself; after the first below an empty line if titled."""
    text = render(report, width, colour)
    titled = any(not isinstance(each, Table) or each.headed for each in report.parts)
    return text if first or not titled else type(text)(f"\n{text}")


def ending(empty: bool) -> str:
    """Return what comes after the last part: nothing."""
    return ""


def part_lines(part: Part, screen: Screen) -> list[str]:
    """Return the lines of one part."""
    match part:
        case Table():
            return table_lines(part, screen)
        case Facts():
            return fact_lines(part.facts)
        case Lines():
            return list(map(single_line, part.lines))
        case Remark():
            return textwrap.wrap(part.text, screen.width)
        case Alternatives():
            return table_lines(fitting(part, screen), screen)
        case _:
            assert_never(part)


def fact_lines(facts: Sequence[Fact]) -> list[str]:
    """Return a line for each fact, the values aligned right."""
    return bare_table((ColumnLayout(""), ColumnLayout("", right=True)), [(fact.label, fact.text) for fact in facts])


def fitting(alternatives: Alternatives, screen: Screen) -> Table:
    """Return the first of the tables that fits the screen, or else the last."""
    *larger, last = alternatives.tables
    return next((one for one in larger if fits(one, screen)), last)


def fits(part: Table, screen: Screen) -> bool:
    """Return whether nothing of a table needs to be cut, one with a column that wraps as it is laid out for that."""
    if any(column.wraps for column in part.columns):
        return any(laid_out(part, width).fits(width) for width in ([screen.width] if screen.cut else WIDTHS))
    return natural_width(layouts(part.columns), cells(part)) <= screen.width


@frozen_dataclass
class Arrangement:
    """A table laid out for a width. kept: which columns. origins: of each row, the one that it is a part of."""

    kept: list[int]
    columns: list[ColumnLayout]
    origins: list[int]
    rows: list[list[str]]

    def fits(self, width: int) -> bool:
        """Whether nothing needs to be cut."""
        return natural_width(self.columns, self.rows) <= width


def table_lines(part: Table, screen: Screen) -> list[str]:
    """Return the lines of a table, after its title and before the parts at its foot, which a rule sets off."""
    widths = [screen.width] if screen.cut else WIDTHS
    found = next((found for width in widths if (found := laid_out(part, width)).fits(width)), None)
    layout = found or laid_out(part, widths[-1])

    def paint(row: int, column: int, text: str) -> str:
        return screen.paint(text, part.styles.get((layout.origins[row], layout.kept[column])))

    columns, rows, width = layout.columns, layout.rows, screen.width if screen.cut else None
    if not part.headed:
        lines = bare_table(columns, rows, width, paint=paint)
    else:
        lines = table(columns, rows, width, ruled=part.last is not None or bool(part.foot), paint=paint)
        head = max(column.title.count("\n") for column in columns) + 1
        lines[:head] = [screen.paint(line, Meaning.TITLE) for line in lines[:head]]
        if part.last is not None:
            lines[-2:] = lines[:-3:-1]
        for number in sorted(part.headings, reverse=True):
            heading = cut(single_line(part.headings[number]), screen.width)
            lines.insert(head + 1 + layout.origins.index(number), screen.paint(heading, Meaning.TITLE))
    lines += [line for footer in part.foot for line in part_lines(footer, screen)]
    return [screen.paint(part.title, Meaning.TITLE), "", *lines] if part.title else lines


def laid_out(part: Table, width: int) -> Arrangement:
    """Return the layout for a width.

    Where it is too wide, values are written short, then columns that can be spared are left out, then one wraps.
    """
    kept = list(range(len(part.columns)))
    columns, rows = layouts(part.columns, headed=part.headed), cells(part)
    if natural_width(columns, rows) > width:
        columns, rows = layouts(part.columns, headed=part.headed, short=True), cells(part, short=True)
    for index in reversed([at for at, column in enumerate(part.columns) if column.optional]):
        if natural_width(columns, rows) > width:
            kept, columns, rows = without(kept, index), without(columns, index), [without(row, index) for row in rows]
    origins, rows = wrapped([part.columns[at].wraps for at in kept], columns, rows, width)
    return Arrangement(kept, columns, origins, rows)


def without(values: list[T], index: int) -> list[T]:
    """Return a list without one of its values."""
    return values[:index] + values[index + 1 :]


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
    wraps: Sequence[bool], columns: Sequence[ColumnLayout], rows: Sequence[list[str]], width: int
) -> tuple[list[int], list[list[str]]]:
    """Return the rows, each followed by rows that continue the column that wraps, and the number of the row of each."""
    if True not in wraps:
        return list(range(len(rows))), list(rows)
    index = wraps.index(True)
    widths = natural_widths(columns, rows)
    room = max(LEAST_WRAPPED, width - len(GAP) * (len(widths) - 1) - sum(without(widths, index)))
    numbers, result = [], []
    for number, row in enumerate(rows):
        for at, text in enumerate(folded(row[index], room)):
            numbers.append(number)
            result.append([text if i == index else cell if at == 0 else "" for i, cell in enumerate(row)])
    return numbers, result


def folded(text: str, width: int) -> Iterator[str]:
    """Yield the lines of a text, at least one."""
    yield from textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]
