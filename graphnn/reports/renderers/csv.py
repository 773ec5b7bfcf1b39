"""CSV: the rows of a report as comma-separated values, quoted where needed, numbers without units and separators."""

import csv
import io

from graphnn.errors import GraphError
from graphnn.reports.report import Report


def render(report: Report, width: int | None, colour: bool = False) -> str:
    """Return a line of column names and a line for each row; width and colour are ignored.

    Raises GraphError where the report has no rows for programs.
    """
    return next_part(report, width, colour, first=True)


def next_part(report: Report, width: int | None, colour: bool = False, *, first: bool) -> str:
    """Return a line for each row, after that of the names in the first of several reports. Raises as `render`."""
    if report.rows is None:
        raise GraphError("csv needs a single table, which this report does not have; choose another format")
    columns = report.rows.columns
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    if first:
        writer.writerow([column.key for column in columns])
    for row in report.rows.rows:
        writer.writerow([column.plain(value) for column, value in zip(columns, row, strict=True)])
    return stream.getvalue()


def ending(empty: bool) -> str:
    """Return what comes after the last part: nothing."""
    return ""
