"""The output formats of reports, one for each module in `renderers`, and the choice of the renderer."""

from importlib import import_module
from pkgutil import iter_modules

from graphnn.reports import renderers
from graphnn.reports.report import Report

TABLE = "table"  # text for a terminal, the default
FOR_PROGRAMS = ("csv", "json")
FORMATS = (TABLE, *(found.name for found in iter_modules(renderers.__path__) if found.name != TABLE))


def render(report: Report, form: str = TABLE, width: int | None = None, *, colour: bool = False) -> str:
    """Return a report's text. form: one of FORMATS; only its renderer is imported.

    width: in columns of a terminal; None: there is none. colour: whether it shows colours. Raises GraphError where the
    report cannot be given in this format.
    """
    text: str = import_module(f"{renderers.__name__}.{form}").render(report, width, colour)
    return text
