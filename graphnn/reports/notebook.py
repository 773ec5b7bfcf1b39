"""Reports as HTML for notebooks: tables without colours of their own, readable on light and dark pages."""

from html import escape
from typing import assert_never

from graphnn.reports.kinds import Kind
from graphnn.reports.report import Alternatives, Facts, Lines, Part, Remark, Report, Row, Table
from graphnn.text.visible import visible

LINE = "1px solid color-mix(in srgb, currentColor 30%, transparent)"
TABLE = "border-collapse: collapse; margin: 0.5em 0; background: none; color: inherit"
CELL = "padding: 0.15em 0.8em 0.15em 0; border: 0; background: none; white-space: pre"
FAINT = "opacity: 0.7; margin: 0.3em 0; max-width: 60em"


def notebook_html(report: Report) -> str:
    """Return the parts of a report, below each other, as one HTML element."""
    return f"<div>{''.join(map(part_html, report.parts))}</div>"


def part_html(part: Part) -> str:
    """Return one part as HTML."""
    match part:
        case Table():
            return table_html(part) + "".join(map(part_html, part.foot))
        case Facts():
            rows = [f"<tr>{header(fact.label)}{cell(fact.text, fact.kind)}</tr>" for fact in part.facts]
            return f'<table style="{TABLE}"><tbody>{"".join(rows)}</tbody></table>'
        case Lines():
            return "".join(f"<p>{safe(line)}</p>" for line in part.lines)
        case Remark():
            return f'<p style="{FAINT}">{safe(part.text)}</p>'
        case Alternatives():
            return part_html(part.tables[0])
        case _:
            assert_never(part)


def table_html(part: Table) -> str:
    """Return a table with its title and its headings."""
    caption = f'<caption style="text-align: left">{safe(part.title)}</caption>' if part.title else ""
    titles = [
        header(column.title.replace("-\n", "-").replace("\n", " "), column.kind, line=True) for column in part.columns
    ]
    head = f"<thead><tr>{''.join(titles)}</tr></thead>" if part.headed else ""
    rows = [*part.rows, *([] if part.last is None else [part.last])]
    body = "".join(row_html(part, row) for row in rows)
    return f'<table style="{TABLE}">{caption}{head}<tbody>{body}</tbody></table>'


def row_html(part: Table, row: Row) -> str:
    """Return one row of a table."""
    cells = (cell(column.text(value), column.kind) for column, value in zip(part.columns, row, strict=True))
    return f"<tr>{''.join(cells)}</tr>"


def header(text: str, kind: Kind | None = None, *, line: bool = False) -> str:
    """Return a heading; kind: of the values below it. line: whether there is a line below."""
    below = f"; border-bottom: {LINE}" if line else ""
    return f'<th style="{CELL}{below}; text-align: {alignment(kind)}">{safe(text)}</th>'


def cell(text: str, kind: Kind) -> str:
    """Return one cell."""
    return f'<td style="{CELL}; text-align: {alignment(kind)}">{safe(text)}</td>'


def alignment(kind: Kind | None) -> str:
    """Return how values of a kind are aligned."""
    return "right" if kind is not None and kind.right else "left"


def safe(text: str) -> str:
    """Return a text in which nothing is markup and nothing is unseen."""
    return escape(visible(text))
