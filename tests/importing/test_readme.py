"""The table of what becomes what has every operator that is translated, and every layer."""

import re
from pathlib import Path

from graphnn.importing.onnx.refusals import REFUSALS
from graphnn.importing.onnx.translation import load_translators
from graphnn.layers.base import LAYERS

PAGE = Path("graphnn", "importing", "README.md")
COMPARISONS = {"Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Not"}


def test_every_operator_is_on_the_page(root: Path) -> None:
    text = (root / PAGE).read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+)`", text))
    assert set(load_translators()) - COMPARISONS - named == set()


def test_every_layer_is_in_the_table(root: Path) -> None:
    text = (root / PAGE).read_text(encoding="utf-8")
    right = " ".join(row.split("|")[-2] for row in text.splitlines() if row.count("|") == 3)
    assert {name for name in LAYERS.built_in() if f"`{name}`" not in right} == set()


def test_what_is_translated_is_not_refused() -> None:
    both = set(load_translators()) & set(REFUSALS)
    assert both == set()
