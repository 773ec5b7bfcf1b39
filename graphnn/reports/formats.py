"""The output formats of reports, one for each module in `renderers`, and the choice of the renderer."""

from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules

from graphnn.reports import renderers
from graphnn.reports.report import Report

TABLE = "table"  # text for a terminal, the default
FOR_PROGRAMS = ("csv", "json", "jsonl")
FORMATS = (TABLE, *(found.name for found in iter_modules(renderers.__path__) if found.name != TABLE))


def render(report: Report, form: str = TABLE, width: int | None = None, *, colour: bool = False) -> str:
    """Return a report's text. form: one of FORMATS; only its renderer is imported.

    width: in columns of a terminal; None: there is none. colour: whether it shows colours. Raises GraphError where the
    report cannot be given in this format.
    """
    text: str = import_module(f"{renderers.__name__}.{form}").render(report, width, colour)
    return text


class Stream:
    """Writes a report that comes in parts, each a report of its own, when they come.

    write: takes the text. form, width, colour: as in `render`.
    """

    def __init__(
        self, write: Callable[[str], None], form: str = TABLE, width: int | None = None, *, colour: bool = False
    ) -> None:
        self.write, self.form, self._width, self._colour = write, form, width, colour
        self._renderer = import_module(f"{renderers.__name__}.{form}")
        self.empty = True

    def add(self, report: Report) -> None:
        """Write the next part. Raises GraphError as `render`."""
        text: str = self._renderer.next_part(report, self._width, self._colour, first=self.empty)
        if text:
            self.write(text)
            self.empty = False

    def end(self) -> None:
        """Write what comes after the last part."""
        text: str = self._renderer.ending(self.empty)
        if text:
            self.write(text)
