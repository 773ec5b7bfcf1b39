"""The titles of settings in the schema say what they take and their defaults; --update-golden writes them."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from graphnn.document.document import parse_document
from graphnn.specification.schema import load_schema, schema_file
from graphnn.specification.schema_layout import with_short_forms
from graphnn.specification.setting_titles import settings_of, title_of

TITLE = re.compile(r'\{(\s*)("title": "(?:[^"\\]|\\.)*",\s*)?"')
CHOOSING = ("type", "dataset")  # what is chosen is explained choice by choice


def settings() -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Yield path and definition of each setting of the schema."""
    root = load_schema().root
    yield from settings_of(root)
    for name, one in root["definitions"].items():
        if "title" not in one and "type" in one and "properties" not in one:
            yield ("definitions", name), one
        if "then" in one:
            yield ("definitions", name), one
        yield from settings_of(one, ("definitions", name))


def titled(text: str) -> str:
    """Return the text of the schema with the title of each setting as it should be."""
    marks: Any = parse_document(text, "schema").marks
    places = []
    for path, setting in settings():
        place = marks
        for step in path:
            place = place.values[step]
        title = None if path[-1] in CHOOSING else title_of(setting)
        if "properties" not in setting or title is not None:  # other objects are called by titles of their own
            places.append((place.start, title))
    for start, title in sorted(places, reverse=True):
        found = TITLE.match(text, start)
        assert found is not None, text[start : start + 80]
        quoted = "" if title is None else '"title": "{}",{}'.format(title.replace('"', '\\"'), found[1] or " ")
        text = f"{text[:start]}{{{found[1]}{quoted}{text[found.end() - 1 :]}"
    return text


def test_the_titles_are_what_the_settings_take(golden: Callable[[Path, str], None]) -> None:
    golden(schema_file(), with_short_forms(titled(schema_file().read_text(encoding="utf-8"))))


@pytest.mark.parametrize(
    ("setting", "title"),
    [
        ({"type": "integer", "minimum": 1}, "integer ≥ 1"),
        ({"type": "integer", "minimum": 0, "maximum": 2**53 - 1, "default": 0}, "integer ≥ 0; default 0"),
        ({"type": "number", "minimum": 0, "exclusiveMaximum": 1}, "number ≥ 0 and < 1"),
        ({"type": "number"}, None),
        ({"type": "string", "minLength": 1}, None),
        ({"type": "boolean", "default": True}, "true or false; default true"),
        ({"type": "boolean"}, "true or false"),
        ({"type": "string", "enum": ["fit", "crop"], "default": "fit"}, '"fit", "crop"; default "fit"'),
        ({"type": "string", "enum": list("abcdefghi")}, "one of the names"),
        ({"type": ["integer", "array"], "minimum": 1, "maxItems": 2}, "integer ≥ 1 or a pair of such"),
        ({"type": "integer", "minimum": 1, "defaultFrom": "pool_size"}, "integer ≥ 1; pool_size if left out"),
        ({"type": "object", "properties": {}, "default": {}}, None),
        ({"description": "of a plugin"}, None),
    ],
)
def test_a_title_in_words(setting: dict[str, Any], title: str | None) -> None:
    assert title_of(setting) == title
