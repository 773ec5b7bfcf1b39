"""Keys of other libraries: VS Code says in our words what to write, does not offer them, and nobody accepts them."""

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
INSERTIONS = runpy.run_path(str(FOLDER / "insertions.py"))
WORDS = runpy.run_path(str(ROOT / "tests" / "specification" / "test_words_for_editors.py"))
FILE = ROOT / "associated" / "new.json"  # which is never written


def test_each_is_underlined_with_our_words_and_refused_by_all(editor: Any) -> None:
    for path, key, words, _ in WORDS["PLACES"]:
        for number, (_, document) in enumerate(WORDS["documents"](path, key)):
            text = json.dumps(document)
            shown = {text[one["start"] : one["end"]]: one["message"] for one in editor.problems(text, FILE)}
            assert shown[f'"{key}"'] == words, (path, key)
            if number == 0:  # the first type stands for all, as this takes long
                assert not INSERTIONS["RAW"].is_valid(document)
                assert INSERTIONS["interpreted"](text)


def test_a_parameter_of_a_block_may_be_called_as_a_key_of_another_library(editor: Any) -> None:
    base = json.loads((ROOT / "models" / "digits.json").read_text(encoding="utf-8"))
    body = [{"type": "GELU", "approximate": "$activation"}]
    blocks = {"smooth": {"parameters": ["activation"], "layers": body}}
    layers = [{"type": "smooth", "activation": "none"}, *base["layers"]]
    document = {**base, "blocks": blocks, "layers": layers}
    text = json.dumps(document)
    assert INSERTIONS["interpreted"](text) == []
    assert INSERTIONS["RAW"].is_valid(document)
    assert editor.problems(text, FILE) == []
    body[0]["lr_mult"] = body[0]["activation"] = "x"
    shown = [one["message"] for one in editor.problems(json.dumps(document), FILE)]
    assert any(message.startswith("write the activation as a layer of its own") for message in shown)


SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "known": {"type": "integer"},
        "deprecated": {"deprecationMessage": "write known", "not": {}},
        "hidden": {"doNotSuggest": True, "not": {}, "errorMessage": "write known"},
        "false": False,
    },
    "propertyNames": {"allOf": [{"not": {"const": "name"}, "errorMessage": "write known"}]},
}


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("known", {}),
        ("deprecated", {'"deprecated": 3': "write known", "3": "Matches a schema that is not allowed."}),
        ("hidden", {"3": "write known"}),
        ("false", {'"false"': "Property false is not allowed."}),
        ("name", {'"name"': "write known"}),
    ],
)
def test_what_the_service_does_with_words_for_wrong_keys(
    key: str, said: dict[str, str], tmp_path: Path, editor: Any
) -> None:
    """Why words stand in `propertyNames`: these underline the key, after "not allowed", and serve for all types."""
    (tmp_path / "schema.json").write_text(json.dumps({**SCHEMA, "properties": {**SCHEMA["properties"], "$schema": {}}}))
    text = f'{{"$schema": "schema.json", "{key}": 3}}'
    shown = {text[one["start"] : one["end"]]: one["message"] for one in editor.problems(text, tmp_path / "a.json")}
    assert shown == said
    offers = editor.complete('{"$schema": "schema.json", ‸}', tmp_path / "a.json")
    assert [offer.label for offer in offers] == ["known"]
