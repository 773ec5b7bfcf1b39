"""Documents that are wrong in their syntax and in more: what is told of them together."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graphnn.errors import SpecError
from graphnn.specification.spec import parse_spec
from graphnn.specification.variants import read_variants


def told(text: str, **options: Any) -> list[str]:
    """Return what is told of a document, without the source lines."""
    with pytest.raises(SpecError) as refused:
        parse_spec(text, "net.json", **options)
    assert refused.value.exit_code == 2
    return [str(problem).split("\n")[0] for problem in refused.value.problems]


@pytest.fixture
def text(small: dict[str, Any]) -> str:
    """A valid document of several lines."""
    return json.dumps(small, indent=2)


def test_a_document_that_is_right_but_for_its_syntax_is_refused(text: str) -> None:
    assert told(text.replace('"input"', "'input'")) == ['net.json:2:3: write keys in straight double quotes: "input"']


def test_where_all_remedies_are_certain_the_schema_has_its_say_in_the_order_of_the_text(text: str) -> None:
    wrong = (
        text.replace('"input"', "'input'").replace('"units": 16', '"unit": 16').replace('"rate": 0.1', '"rate": 0,1')
    )
    told_of = told(wrong, overrides=["training.epochs=0"])
    assert [line.split(": ")[0] for line in told_of] == [
        "net.json:2:3",
        "net.json:11:7",
        "net.json:22:16",
        "--set training.epochs=0",
    ]
    assert 'unknown key "unit"; did you mean "units"?' in told_of[1]


def test_where_a_remedy_is_in_doubt_only_the_syntax_is_told(text: str) -> None:
    wrong = text.replace('"units": 16', '"unit": 16').replace('"rate": 0.1', '"rate": NaN')
    (problem,) = told(wrong)
    assert "NaN is not a JSON number" in problem


def test_another_kind_of_document_is_told_too() -> None:
    assert told("['a',]")[0].startswith("net.json:1:1: a network document is an object")
    assert told("{'variants': []}")[1].startswith("net.json:1:2: this is a file of variants")


def test_a_file_of_variants_tells_both_too(tmp_path: Path) -> None:
    file = tmp_path / "variants.json"
    file.write_text("{'variants': [{'name': 'wide', 'sets': {}}]}", encoding="utf-8")
    with pytest.raises(SpecError) as refused:
        read_variants(file)
    assert 'unknown key "sets"; did you mean "set"?' in str(refused.value)
    assert 'write keys in straight double quotes: "variants"' in str(refused.value)


def test_values_of_the_command_line_that_are_not_json_are_text(small: dict[str, Any]) -> None:
    for value in ("(3,3)", "0,5", "'a'", "True", "relu", "[1, 2", "10%"):
        spec = parse_spec(json.dumps(small), overrides=[f"name={value}"])
        assert spec.name == value


def test_inspect_shows_each_mistake_with_its_line(document: Path, text: str, graphnn: Callable[..., Any]) -> None:
    document.write_text(text.replace('"input"', "input").replace('"rate": 0.1', '"rate": 10%'), encoding="utf-8")
    done = graphnn("inspect", document)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("^") == 2
    assert "JSON has no percentages; write 0.1 for 10%" in done.stderr
