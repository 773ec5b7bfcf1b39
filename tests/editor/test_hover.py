"""What VS Code explains where the mouse is: the meaning, default and range of each key, and each type's meaning."""

import html
import json
import re
import runpy
from pathlib import Path
from typing import Any

import pytest

EXPECTATIONS = runpy.run_path(str(Path(__file__).parent / "expectations.py"))
INSERTIONS = runpy.run_path(str(Path(__file__).parent / "insertions.py"))
POSITIONS, SCHEMA, CURSOR = (EXPECTATIONS[name] for name in ("POSITIONS", "SCHEMA", "CURSOR"))
KINDS, SECTIONS = EXPECTATIONS["KINDS"], EXPECTATIONS["SECTIONS"]
BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
FILE = EXPECTATIONS["ROOT"] / "models" / "new.json"


def explained(editor: Any, section: str) -> str:
    """Return what is explained at the cursor's mark, as plain text."""
    shown = editor.hover(EXPECTATIONS["document"](section), FILE)
    return html.unescape(re.sub(r"\\(.)", r"\1", shown)).replace("`", "")


def missing(shown: str, definition: dict[str, Any]) -> list[str]:
    """Return what an explanation of a setting lacks: its meaning, default or range."""
    lacking = [] if len(shown) > 10 else ["its meaning"]
    if "default" in definition:
        text = json.dumps(definition["default"], ensure_ascii=False)
        lacking += [] if re.search(rf"[Dd]efault:? {re.escape(text)}", shown) else [f"default {text}"]
    for key, sign in BOUNDS.items():
        if key in definition and definition[key] < 2**53 - 1 and f"{sign} {definition[key]:,}" not in shown:
            lacking.append(f"{sign} {definition[key]}")
    return lacking


def value_for(definition: dict[str, Any]) -> str:
    """Return a value for a setting, as text."""
    example = INSERTIONS["example_of"](definition)
    return json.dumps("x" if example is None else example)


def hovered(text: str, key: str, value: str) -> str:
    """Return a section with the cursor's mark in a key, which has a value."""
    return text.replace(CURSOR, f'"{key[:1]}{CURSOR}{key[1:]}": {value}')


@pytest.mark.parametrize(("kind", "at"), KINDS.values(), ids=KINDS)
def test_each_key_of_each_type_is_explained(kind: str, at: str, editor: Any) -> None:
    choosing = SCHEMA.choosing_key(kind)
    wrong = []
    for name in SCHEMA.types(kind):
        place = at.replace(CURSOR, f'{{"{choosing}": "{name}", {CURSOR}}}')
        for key, definition in SCHEMA.properties(kind, name).items():
            if key != choosing:
                own = SCHEMA.written_properties(kind, name)[key]
                switch = SCHEMA.kind_of(own)
                value = value_for(definition) if switch is None else '{"type": "?"}'
                value = json.dumps(definition["default"]) if "default" in definition else value
                shown = explained(editor, hovered(place, key, value))
                lacking = missing(shown, definition)
                wrong += [f"{name}.{key} lacks {one}: {shown!r}" for one in lacking]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", SECTIONS)
def test_each_key_of_other_objects_is_explained(name: str, editor: Any) -> None:
    place, wrong = SECTIONS[name], []
    for key, definition in EXPECTATIONS["properties_at"](name, SCHEMA).items():
        definition = SCHEMA.follow(definition)
        value = "{}" if definition.get("type") == "object" else value_for(definition)
        value = json.dumps(definition["default"]) if "default" in definition else value
        shown = explained(editor, hovered(place, key, value))
        wrong += [f"{name}.{key} lacks {one}: {shown!r}" for one in missing(shown, definition) if key != "$schema"]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("kind", "at"), KINDS.values(), ids=KINDS)
def test_each_type_is_explained(kind: str, at: str, editor: Any) -> None:
    key = SCHEMA.choosing_key(kind)
    definition = SCHEMA.definitions[kind]["properties"][key]
    for name, meaning in zip(definition["enum"], definition["enumDescriptions"], strict=True):
        shown = explained(editor, at.replace(CURSOR, f'{{"{key}": "{CURSOR}{name}"}}'))
        assert f"{name}: {meaning}" in shown
        assert (" → " in shown) == (kind == "layer")


def test_a_name_of_an_initializer_is_explained(editor: Any) -> None:
    definition = SCHEMA.definitions["initializer"]["properties"]["type"]
    for name, meaning in zip(definition["enum"], definition["enumDescriptions"], strict=True):
        shown = explained(editor, POSITIONS["kinds"]["initializer"].replace(CURSOR, f'"{CURSOR}{name}"'))
        assert f"{name}: {meaning}" in shown
        assert "Values that the weights have before the first step" in shown


def test_what_is_lacking_is_seen() -> None:
    setting = {"default": 3, "minimum": 1, "exclusiveMaximum": 2**60}
    assert missing("integer ≥ 1; default 3\n\nSize.", setting) == []
    assert missing("", setting) == ["its meaning", "default 3", "≥ 1"]
    assert missing("Size of the window.", setting) == ["default 3", "≥ 1"]
