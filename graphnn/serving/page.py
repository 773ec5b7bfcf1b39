"""The page to try a network in a browser, and the one that shows how programs ask; neither needs another file."""

import html
import json
import re
from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from graphnn.serving.examples import sections
from graphnn.text.visible import visible
from graphnn.version import __version__

TEMPLATES = Path(__file__).parent / "templates"
PLACE = re.compile(r"\{\{(\w+)\}\}")  # of a text in a template


def front_page(facts: Mapping[str, Any]) -> str:
    """Return the page that asks for inputs and shows what the network says of them."""
    values = json.dumps(facts).replace("<", "\\u003c")  # so that no script element can end in them
    return filled("page.html", {"name": text_of(facts["name"]), "facts": values})


def docs_page(facts: Mapping[str, Any], address: str) -> str:
    """Return the page that shows how programs ask. address: of the server, as its client knows it."""
    return filled("docs.html", {"name": text_of(facts["name"]), "sections": sections(facts, address)})


def filled(name: str, parts: Mapping[str, str]) -> str:
    """Return a template with its parts as they are, and the version; what is written in a part stays as it is."""
    known = {**parts, "version": text_of(__version__)}
    return PLACE.sub(lambda place: known[place[1]], template(name))


def text_of(value: Any) -> str:
    """Return a value as text of HTML."""
    return html.escape(visible(str(value)))


@cache
def template(name: str) -> str:
    """Return a template with its style and script in it."""
    page = (TEMPLATES / name).read_text(encoding="utf-8")
    for part in ("page.css", "page.js"):
        page = page.replace(f"{{{{{part}}}}}", part_of(part))
    return page


@cache
def part_of(name: str) -> str:
    """Return the text of a style sheet or script."""
    return (TEMPLATES / name).read_text(encoding="utf-8")


def source_of(name: str) -> str:
    """Return how a policy names a style sheet or script that stands in the page: by its digest."""
    return f"'sha256-{b64encode(sha256(part_of(name).encode()).digest()).decode()}'"


@cache
def policy() -> str:
    """Return what the page may do: run its own script, show pictures that it holds, and ask this server."""
    return (
        f"default-src 'none'; style-src {source_of('page.css')}; script-src {source_of('page.js')}; "
        "img-src data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def page_headers() -> Mapping[str, str]:
    """Return the headers of both pages."""
    return {"Content-Security-Policy": policy(), "X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}
