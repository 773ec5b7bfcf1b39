"""What editors say of keys of other libraries is what the interpreter says; --update-golden writes its words."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from graphnn.document.document import parse_document
from graphnn.specification.schema import IN_BLOCK, is_for_editors, load_schema, schema_file, schema_text
from graphnn.specification.schema_layout import with_short_forms
from graphnn.specification.schema_problems import find

SCHEMA = load_schema()
RAW: dict[str, Any] = json.loads(schema_text())
LISTING = re.compile(r"(.* )?(has|have) (only |it$)?[\w$, ]*$")  # of all keys that are known, which an editor offers
VALUE = "…"


def places() -> Iterator[tuple[tuple[str, ...], str, str, int]]:
    """Yield path, key, words and number of each key with words of its own, in the order of the text."""
    sections = {(): RAW}
    sections |= {("properties", name): one for name, one in RAW["properties"].items()}
    written = {name: one for name, one in RAW["definitions"].items() if not name.endswith(IN_BLOCK)}
    sections |= {("definitions", name): one for name, one in written.items()}
    for path, section in sections.items():
        if is_for_editors(section.get("propertyNames", {})):
            for number, one in enumerate(section["propertyNames"]["allOf"]):
                yield path, one["not"]["const"], one["errorMessage"], number


PLACES = list(places())


def documents(path: tuple[str, ...], key: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the name of each type that a place stands for, and a document with a wrong key there."""
    base = json.loads((schema_file().parents[1] / "models" / "digits.json").read_text(encoding="utf-8"))
    name = path[-1] if path else ""
    if not path or path[0] == "properties":
        yield name, {**base, name: {key: VALUE}} if name else {key: VALUE}
        return
    for kind, shared in {"layer": "wrong_in_layers", "loss": "loss", "optimizer": "optimizer", "data": "data"}.items():
        for type_ in SCHEMA.types(kind):
            if name in (shared, type_):
                section = {SCHEMA.choosing_key(kind): type_, key: VALUE}
                yield type_, {**base, "layers": [section]} if kind == "layer" else {**base, kind: section}


def words(path: tuple[str, ...], key: str) -> str | None:
    """Return what the interpreter advises on a key, for more than half of the types; None where it lists keys only."""
    advice: Counter[str] = Counter()
    written = list(documents(path, key))
    for _, document in written:
        for finding in find(document, SCHEMA):
            if finding.key and finding.path[-1] == key:
                advice[finding.message.partition("; ")[2].replace(json.dumps(VALUE, ensure_ascii=False), VALUE)] += 1
    (said, times), *_ = advice.most_common(1)
    return said if times * 2 > len(written) and not LISTING.fullmatch(said) else None


def updated(text: str) -> str:
    """Return the text of the schema with the interpreter's words."""
    marks: Any = parse_document(text, "schema").marks
    for path, key, shown, number in reversed(PLACES):
        said = words(path, key)
        if said is not None:
            place = marks
            for step in (*path, "propertyNames", "allOf", number, "errorMessage"):
                place = place.values[step]
            end = place + len(json.dumps(shown, ensure_ascii=False))
            assert json.loads(text[place:end]) == shown
            text = f"{text[:place]}{json.dumps(said, ensure_ascii=False)}{text[end:]}"
    return text


def test_editors_say_what_the_interpreter_says(golden: Callable[[Path, str], None]) -> None:
    golden(schema_file(), with_short_forms(updated(schema_file().read_text(encoding="utf-8"))))


def test_many_keys_have_words_and_each_is_wrong_wherever_it_has_them() -> None:
    assert len(PLACES) > 50
    for path, key, shown, _ in PLACES:
        assert shown
        written = list(documents(path, key))
        assert written
        for type_, document in written:
            assert any(one.key and one.path[-1] == key for one in find(document, SCHEMA)), (type_, key)


def test_the_interpreter_reads_its_own_words_alone() -> None:
    """No key of them is a known one, in messages or elsewhere."""
    assert not [path for path, *_ in PLACES if is_for_editors(SCHEMA.root.get("propertyNames", {}))]
    for section in (*SCHEMA.root["properties"].values(), *SCHEMA.definitions.values()):
        assert not is_for_editors(section.get("propertyNames", {}))


@pytest.mark.parametrize(
    ("names", "for_editors"),
    [
        ({"allOf": [{"not": {"const": "lr"}, "errorMessage": "write …"}]}, True),
        ({"pattern": "^[a-z]+$"}, False),
        ({"allOf": [{"pattern": "^[a-z]+$"}]}, False),
        ({}, False),
    ],
)
def test_names_that_a_schema_demands_are_kept(names: dict[str, Any], for_editors: bool) -> None:
    assert is_for_editors(names) is for_editors
