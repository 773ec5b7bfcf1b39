"""The schema that `inspect --plugin FILE --write-schema OUT` writes, in VS Code: completed, explained, underlined."""

import json
import runpy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from graphnn.layers.base import LAYERS

EXPECTATIONS = runpy.run_path(str(Path(__file__).parent / "expectations.py"))
PLUGIN = '''
from graphnn import Layer, register
from graphnn.frozen_dataclass import frozen_dataclass

@register
@frozen_dataclass
class ClippedForEditors(Layer):
    """Cuts off what is larger than a limit. Keeps any shape."""

    schema = {
        "required": ["limit"],
        "properties": {
            "limit": {"type": "number", "exclusiveMinimum": 0, "description": "The largest output."},
            "activation": {"enum": ["hard", "soft"], "default": "hard", "description": "How it is cut."},
        },
    }

    limit: float
    activation: str = "hard"

    def forward(self, params, x, ctx):
        raise NotImplementedError
'''


@pytest.fixture
def document(tmp_path: Path, graphnn: Callable[..., Any]) -> Iterator[Path]:
    """A document beside the schema with a plugin's layer."""
    (tmp_path / "clipped.py").write_text(PLUGIN)
    schema = tmp_path / "mine.schema.json"
    done = graphnn("inspect", "--plugin", tmp_path / "clipped.py", "--write-schema", schema)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f'{schema} written; in a document beside it: "$schema": "mine.schema.json"\n'
    yield tmp_path / "net.json"
    del LAYERS["ClippedForEditors"]


def text(layer: str) -> str:
    """Return a document with one more layer."""
    whole: str = EXPECTATIONS["document"](
        f'"layers": [{layer}, {{"type": "Dense", "units": 10}}, {{"type": "Softmax"}}]'
    )
    return whole.replace("../schemas/network.schema.json", "mine.schema.json")


def test_its_layer_is_offered_and_what_is_inserted_is_valid(document: Path, editor: Any) -> None:
    offers = {offer.label: offer for offer in editor.complete(text("‸"), document)}
    assert set(offers) == {*EXPECTATIONS["SCHEMA"].types("layer"), "ClippedForEditors"}
    clipped = offers["ClippedForEditors"]
    assert clipped.inserted == '{"type": "ClippedForEditors", "limit": 1}'
    assert editor.problems(clipped.text, document) == []
    assert '"ClippedForEditors"' in {offer.label for offer in editor.complete(text('{"type": "‸"}'), document)}


def test_its_settings_are_offered_explained_and_checked(document: Path, editor: Any) -> None:
    offers = editor.complete(text('{"type": "ClippedForEditors", ‸}'), document)
    assert {offer.label for offer in offers} == {"limit", "activation", "name", "description"}
    shown = editor.hover(text('{"type": "ClippedForEditors", "li‸mit": 3}'), document)
    assert shown.replace("\\", "") == "number > 0\n\nThe largest output."
    shown = editor.hover(text('{"type": "Clipped‸ForEditors", "limit": 3}'), document)
    assert "Cuts off what is larger than a limit" in shown
    good = text('{"type": "ClippedForEditors", "limit": 3, "activation": "soft"}')
    assert editor.problems(good, document) == []
    for wrong in ('"limit": 0', '"limit": 3, "activation": "some"', '"activation": "soft"', '"limit": 1, "x": 2'):
        assert editor.problems(text(f'{{"type": "ClippedForEditors", {wrong}}}'), document)


def test_it_may_have_defaults_and_stand_in_blocks(document: Path, editor: Any) -> None:
    whole = json.loads(text('{"type": "clip"}'))
    body = [{"type": "ClippedForEditors", "limit": 2}]
    good = {**whole, "defaults": {"ClippedForEditors": {"activation": "soft"}}, "blocks": {"clip": {"layers": body}}}
    assert editor.problems(json.dumps(good), document) == []
    good["defaults"]["ClippedForEditors"]["activation"] = "some"
    body[0]["limit"] = 0
    assert len(editor.problems(json.dumps(good), document)) == 2


def test_the_rest_is_the_schema_as_it_is(document: Path, editor: Any) -> None:
    assert editor.problems(text('{"type": "ReLU"}'), document) == []
    (first, *_) = editor.problems(text('{"type": "ReLU", "data_format": 3}'), document)
    assert first["message"].startswith(("Property data_format", "leave it out"))
    written = (document.parent / "mine.schema.json").read_text(encoding="utf-8")
    assert (
        json.loads(written)["properties"]
        == json.loads((EXPECTATIONS["ROOT"] / "schemas" / "network.schema.json").read_text(encoding="utf-8"))[
            "properties"
        ]
    )
