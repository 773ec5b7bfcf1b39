"""The page as HTML, by the templates beside this file; all text is escaped by the template engine."""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from graphnn.page.changes import tokens
from graphnn.page.content import Content
from graphnn.page.measurement import MEANINGS
from graphnn.page.saving import MARK
from graphnn.plots.style import DARK, LIGHT
from graphnn.text.numbers import count_text
from graphnn.text.visible import visible
from graphnn.version import __version__

TEMPLATES = Path(__file__).parent / "templates"
KEPT = "\n\t"


def render_page(content: Content) -> str:
    """Return the page as one HTML document that needs no other file."""
    meaning = "" if content.measured is None else MEANINGS[content.measured.part]
    return (
        environment()
        .get_template("page.html")
        .render(page=content, mark=Markup(MARK), style=Markup(style_sheet()), version=__version__, meaning=meaning)
    )


@cache
def environment() -> Environment:
    """Return what turns templates into pages: it escapes all text but the pictures that are drawn here."""
    result = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=shown,
    )
    result.filters["count"] = count_text
    result.filters["percent"] = share_text
    result.filters["tokens"] = tokens
    return result


def shown(value: Any) -> Any:
    """Return text without characters that no page may hold, or that change the direction of what is around."""
    return value if isinstance(value, Markup) or not isinstance(value, str) else visible(value, KEPT)


def share_text(share: float) -> str:
    """Return a share, 0…1, in percent with one decimal."""
    return f"{100 * share:.1f}%"


@cache
def style_sheet() -> str:
    """Return the style sheet, with the colours of curves, which those of pictures in files are too."""
    light, dark = (
        "".join(f"--series-{number}: {colour}; " for number, colour in enumerate(style.lines, 1))
        for style in (LIGHT, DARK)
    )
    sheet = (TEMPLATES / "page.css").read_text(encoding="utf-8")
    return f":root {{ {light}}}\n@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark}}} }}\n{sheet}"
