"""Keywords that only plugins' schemas use, and hints that no document of specification/invalid shows."""

from typing import Any

import pytest

from graphnn.document.document import Document
from graphnn.specification.schema import load_schema
from graphnn.specification.schema_problems import MOST_PROBLEMS, Finding, find, in_order
from graphnn.specification.value_advice import found, hint
from graphnn.text.suggestions import closest, quoted

DOCUMENT: dict[str, Any] = {
    "input": {"shape": [64]},
    "loss": {"type": "CrossEntropy"},
    "optimizer": {"type": "Adam"},
    "data": {"dataset": "digits"},
    "training": {"epochs": 5},
}


def messages(layer: dict[str, Any], properties: dict[str, Any], **fragment: Any) -> list[str]:
    """Return the problems of a layer of a plugin with these properties."""
    schema = load_schema({"Mine": {"properties": properties, **fragment}})
    document = Document("net", {**DOCUMENT, "layers": [{"type": "Mine", **layer}]})
    return [str(problem).removeprefix("net: layers[0]") for problem in in_order(document, find(document.value, schema))]


@pytest.mark.parametrize(
    ("value", "definition", "message"),
    [
        (3, {"multipleOf": 2}, ".x: 3 is not a multiple of 2"),
        (3, False, ": False schema does not allow 3"),
        (3, {"anyOf": [{"type": "string"}]}, ".x: 3 is not valid under any of the given schemas"),
        (3, {"enum": [1, 2]}, ".x: must be one of 1, 2, found 3"),
        ("a", {"minLength": 2}, ".x: 'a' is too short"),
        ([1], {"minItems": 3}, ".x: [1] is too short"),
        ("", {"type": "string", "minLength": 1}, ".x: must not be empty"),
        (3, {"type": ["null", "string"]}, '.x: expected null or a string, found 3; write "3"'),
        ({}, {"type": "object", "required": ["y"]}, '.x: missing "y"'),
        ({"y": 1}, {"type": "object", "additionalProperties": False}, '.x: unknown key "y"'),
        ({}, {"type": ["integer", "array"]}, ".x: expected an integer or a list […], found an object"),
        (200, {"maximum": 1}, ".x: must be at most 1, found 200"),
        ([1, 2], {"allOf": [{"minItems": 1}, {"maxItems": 1}]}, ".x: [1, 2] is too long"),
        (7, {"maximum": 5}, ".x: must be at most 5, found 7"),
    ],
)
def test_keywords_that_only_a_plugin_uses(value: Any, definition: Any, message: str) -> None:
    assert messages({"x": value}, {"x": definition}) == [message]


def test_a_large_file_of_another_kind_is_refused_in_reasonable_words() -> None:
    value = {f"key{number}": number for number in range(20_000)}
    problems = in_order(Document("net", value), find(value, load_schema()))
    assert len(problems) == MOST_PROBLEMS + 1
    assert str(problems[0]) == "net: has 20000 unknown keys; is this a network document?"
    assert str(problems[-1]) == "net: and 7 more problems"  # the six sections that are missing


def test_a_key_that_a_plugin_requires_without_describing_it() -> None:
    assert messages({}, {"x": {"type": "integer"}}, required=["x"]) == [': missing "x", which Mine needs']


@pytest.mark.parametrize(
    ("value", "definition", "advice"),
    [
        ("-1.5e3", {"type": "number"}, "write -1.5e3 without quotes"),
        ("1.5", {"type": "integer"}, None),
        ("NaN", {"type": "number"}, None),
        ("True", {"type": "boolean"}, "write true without quotes"),
        ("yes", {"type": "boolean"}, None),
        (1, {"type": "boolean"}, "write true"),
        (2, {"type": "boolean"}, None),
        (True, {"type": "integer"}, None),
        (2.0, {"type": "integer"}, "write 2"),
        (3, {"type": "object", "properties": {}}, None),
        (None, {"type": "integer"}, None),
        (None, {"type": "integer", "default": 4}, "leave the key out for the default, 4"),
        ("qqq", {"type": "object", "properties": {"type": {"enum": ["Dense"]}, "name": True}}, None),
        (["x"], {"type": "integer"}, None),
        ([1, 2], {"type": "integer"}, None),
        ([1] * 9, {"type": "object", "properties": {"shape": {}}}, None),
        ({}, {"type": "integer"}, None),
    ],
)
def test_hints(value: Any, definition: dict[str, Any], advice: str | None) -> None:
    assert hint(value, definition) == advice


def test_long_values_are_cut() -> None:
    assert found([1] * 100) == "a list of 100"
    assert found("x" * 100) == f'the string "{"x" * 57}…"'
    assert found(10**80) == f"{str(10**80)[:58]}…"
    assert quoted("y" * 50) == f'"{"y" * 39}…"'


@pytest.mark.parametrize(
    ("name", "known", "suggested"),
    [
        ("CONV2D", ["Conv2D", "Dense"], "Conv2D"),
        ("learningRate", ["learning_rate"], "learning_rate"),
        ("one-cycle", ["one_cycle"], "one_cycle"),
        ("Linear", ["Conv2D", "Dense"], "Dense"),
        ("Linear", ["Conv2D"], None),
        ("Desne", ["Conv2D", "Dense"], "Dense"),
        ("", ["Dense"], None),
    ],
)
def test_the_nearest_right_name(name: str, known: list[str], suggested: str | None) -> None:
    assert closest(name, known) == suggested


def test_a_finding_about_an_absent_value_is_sorted_like_the_object_around_it() -> None:
    value = {"input": 1, "layers": [{"type": "Dense"}], "loss": 2}
    paths: list[tuple[str | int, ...]] = [("loss",), ("layers", 0, "units"), ("layers", 7), ("input",)]
    problems = in_order(Document("net", value), [Finding(path, "wrong") for path in paths])
    assert [problem.where for problem in problems] == ["input", "layers[7]", "layers[0].units", "loss"]
