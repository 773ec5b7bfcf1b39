"""inspect --expand: documents with their layers written out, against the same written by hand, and read again."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graphnn.specification.expanded import expanded_values
from graphnn.specification.spec import read_spec, spec_from_values

FOLDER = Path(__file__).parent / "expanded"
MODELS = Path(__file__).parents[2] / "models"


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.json")), ids=lambda file: file.stem)
def test_the_layers_are_those_written_by_hand(file: Path) -> None:
    spec = read_spec(MODELS / file.name)
    by_hand = json.loads(file.read_text(encoding="utf-8"))
    values = expanded_values(spec.document)
    assert values["layers"] == by_hand
    assert not {"defaults", "blocks"} & values.keys()
    whole = {key: value for key, value in spec.document.value.items() if key not in ("defaults", "blocks")}
    again = spec_from_values({**whole, "layers": by_hand}, str(MODELS / file.name), folder=MODELS)
    assert again.resolved() == spec.resolved()


@pytest.mark.parametrize("file", sorted(MODELS.glob("*.json")), ids=lambda file: file.stem)
def test_what_the_command_prints_is_the_same_network(file: Path, graphnn: Callable[..., Any], tmp_path: Path) -> None:
    shown = graphnn("inspect", file, "--expand")
    assert shown.returncode == 0
    copy = MODELS / "expanded.json"  # a name in messages only
    again = spec_from_values(json.loads(shown.stdout), str(copy), folder=MODELS)
    assert again.resolved() == read_spec(file).resolved()


def test_a_layer_has_its_name_written_only_where_another_would_be_made() -> None:
    document = {
        **json.loads((MODELS / "digits.json").read_text(encoding="utf-8")),
        "layers": [
            {"type": "Dense", "units": 8},
            {"type": "Repeat", "times": 2, "layers": [{"type": "Dense", "units": 8}]},
            {"type": "Dense", "units": 10},
            {"type": "Softmax"},
        ],
    }
    layers = expanded_values(spec_from_values(document).document)["layers"]
    assert [layer.get("name") for layer in layers] == [None, "dense_2.1", "dense_2.2", "dense_3", None]


def test_it_goes_with_no_other_form(graphnn: Callable[..., Any]) -> None:
    for options in (("--format", "json"), ("--kernels", "numpy"), ("--plan",)):
        assert graphnn("inspect", MODELS / "digits.json", "--expand", *options).returncode == 2
