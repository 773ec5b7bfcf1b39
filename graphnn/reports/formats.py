"""The formats that reports are shown in: one for each module in `renderers`."""

from importlib import import_module
from pkgutil import iter_modules

from graphnn.reports import renderers
from graphnn.reports.report import Report

TABLE = "table"  # text for a terminal: the format where none is asked for
FORMATS = (TABLE, *(found.name for found in iter_modules(renderers.__path__) if found.name != TABLE))


def render(report: Report, form: str = TABLE, width: int | None = None) -> str:
    """Return a report in one of FORMATS; width: the terminal's, None where there is none.

    Raises GraphError where the report has nothing in this format. A renderer is imported when it is asked for.
    """
    text: str = import_module(f"{renderers.__name__}.{form}").render(report, width)
    return text
