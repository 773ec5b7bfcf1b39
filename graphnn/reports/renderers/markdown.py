"""Markdown: tables, and facts as lists."""

from typing import Any, assert_never

from graphnn.reports.report import Alternatives, Column, Facts, Lines, Part, Remark, Report, Table
from graphnn.text.visible import single_line


def render(report: Report, width: int | None, colour: bool = False) -> str:
    """Return the parts with an empty line between them; width and colour are ignored."""
    parts = [lines for part in report.parts if (lines := part_lines(part))]
    spaced = [line for lines in parts for line in ("", *lines)][1:]
    return "".join(f"{line}\n" for line in spaced)


def next_part(report: Report, width: int | None, colour: bool = False, *, first: bool) -> str:
    """Return the text of one of several reports of a single table each, without its titles after the first."""
    text = render(report, width, colour)
    return text if first else text.split("\n", 2)[2]


def ending(empty: bool) -> str:
    """Return what comes after the last part: nothing."""
    return ""


def part_lines(part: Part) -> list[str]:
    """Return the lines of one part."""
    match part:
        case Table():
            return table_lines(part)
        case Facts():
            return [single_line(f"- {fact.label}: {fact.text}") for fact in part.facts]
        case Lines():
            # a paragraph each, which Markdown would otherwise join
            return "\n\n".join(map(single_line, part.lines)).split("\n")
        case Remark():
            return []
        case Alternatives():
            return table_lines(part.tables[0])
        case _:
            assert_never(part)


def table_lines(part: Table) -> list[str]:
    """Return the lines of a table, after its title and before the parts at its foot."""
    titles = [column.title.replace("-\n", "-").replace("\n", " ") for column in part.columns]
    marks = ["---:" if column.kind.right else ":---" for column in part.columns]
    rows = part.rows if part.last is None else [*part.rows, part.last]
    cells = [[cell(*pair) for pair in zip(part.columns, row, strict=True)] for row in rows]
    lines = [f"| {' | '.join(row)} |" for row in (titles, marks, *cells)]
    for footer in part.foot:
        if below := part_lines(footer):
            lines += ["", *below]
    return [part.title, "", *lines] if part.title else lines


def cell(column: Column, value: Any) -> str:
    """Return the text of one cell."""
    text = single_line(column.text(value)).replace("|", "\\|")
    return f"`{text}`" if column.kind.code and value is not None else text
