"""The schema's text with layers of plugins: lines are added, written as by hand, that say what fragments say."""

import difflib
import json
from typing import Any

import pytest
from jsonschema import Draft7Validator

from graphnn.errors import SpecError
from graphnn.specification.schema import WORDS, load_schema, schema_text
from graphnn.specification.schema_with_plugins import choices_in, example_of, text_with_plugins

SOFTPLUS = {
    "description": "A smooth ReLU: ln(1 + exp(βx)) / β. For any shape.",
    "properties": {"beta": {"type": "number", "exclusiveMinimum": 0, "default": 1, "description": "β."}},
}
CLIPPED = {
    "required": ["limit", "mode"],
    "properties": {
        "limit": {"title": "a limit", "type": "number", "exclusiveMinimum": 0, "description": "The largest output."},
        "mode": {"type": "string", "enum": ["hard", "soft $x}"], "description": "How. " + "Long words. " * 20},
        "free": True,
    },
}


def added_lines(fragments: dict[str, Any]) -> list[str]:
    """Return the lines that are added; fail where one loses anything, and not only gets more at its end."""
    before, after = schema_text().splitlines(), text_with_plugins(fragments).splitlines()
    changes = [line for line in difflib.ndiff(before, after) if line[0] in "+-"]
    removed = [line[2:] for line in changes if line[0] == "-"]
    added = [line[2:] for line in changes if line[0] == "+"]
    longer = {next(one for one in added if one.startswith(line.rstrip(" ]}"))) for line in removed}
    return [line for line in added if line not in longer]


def test_a_layer_is_added_in_each_place_as_the_rest_is_written() -> None:
    lines = added_lines({"Softplus": SOFTPLUS})
    text = "\n".join(lines)
    assert [line.strip() for line in lines[:4]] == [
        '"Softplus"',
        '"A smooth ReLU: ln(1 + exp(βx)) / β"',
        '{ "if": { "required": ["type"], "properties": { "type": { "const": "Softplus", "doNotSuggest": true } '
        '} }, "then": { "$ref": "#/definitions/Softplus" } }',
        '{ "label": "Softplus", "description": "A smooth ReLU: ln(1 + exp(βx)) / β", '
        '"bodyText": "{\\"type\\": \\"Softplus\\"}" }',
    ]
    assert '    "Softplus": {\n      "title": "Softplus",\n      "description": "A smooth' in text
    assert '        "type": true,\n' in text
    assert '"title": "number > 0; default 1"' in text


@pytest.mark.parametrize("fragments", [{"Softplus": SOFTPLUS}, {"Softplus": SOFTPLUS, "Clipped": CLIPPED}])
def test_it_is_the_schema_by_which_documents_are_checked(fragments: dict[str, Any]) -> None:
    root = json.loads(text_with_plugins(fragments))
    Draft7Validator.check_schema(root)
    checked = load_schema(fragments)
    for name, fragment in fragments.items():
        definition = root["definitions"][name]
        for one in definition["properties"].values():
            if isinstance(one, dict) and one not in fragment["properties"].values():
                del one["title"]
        assert definition == checked.definitions[name]
    type_: Any = root
    for step in choices_in(root):
        type_ = type_[step]
    assert type_["enum"] == list(checked.types("layer"))
    assert len(type_["enumDescriptions"]) == len(type_["enum"])
    assert root["definitions"]["layer"]["allOf"] == checked.definitions["layer"]["allOf"]


def test_a_snippet_has_values_for_what_is_required() -> None:
    root = json.loads(text_with_plugins({"Clipped": CLIPPED}))
    snippet = root["definitions"]["layer"]["defaultSnippets"][-1]
    assert snippet["bodyText"] == '{"type": "Clipped", "limit": ${1:1}, "mode": ${2:"hard"}}'
    escaped = {"required": ["a"], "properties": {"a": {"enum": ["{$}\\"]}}}
    root = json.loads(text_with_plugins({"Mine": escaped}))
    assert root["definitions"]["layer"]["defaultSnippets"][-1]["bodyText"] == (
        '{"type": "Mine", "a": ${1:"{\\$\\}\\\\\\\\"}}'
    )


@pytest.mark.parametrize(
    ("setting", "example"),
    [
        ({"type": "integer", "minimum": 2}, 2),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, None),
        ({"type": "number", "exclusiveMinimum": 0}, 1),
        ({"type": "boolean"}, True),
        ({"type": "string"}, None),
        ({"examples": [7], "default": 3}, 7),
        ({"const": 5}, 5),
        (True, None),
    ],
)
def test_an_example_of_a_setting(setting: Any, example: Any) -> None:
    assert example_of(setting) == example


def test_words_for_wrong_keys_leave_out_a_key_that_a_plugin_has() -> None:
    properties = {"activation": {"type": "string"}, "config": {"type": "integer"}}
    names = json.loads(text_with_plugins({"Mine": {"properties": properties}}))["definitions"][WORDS]["propertyNames"]
    kept = [one["not"]["const"] for one in names["allOf"]]
    assert len(kept) > 5
    assert not set(kept) & set(properties)


def test_a_list_of_types_beside_other_forms_is_found() -> None:
    type_ = {"anyOf": [{"pattern": "^[a-z]+$"}, {"enum": ["Dense"]}]}
    root = {"definitions": {"layer": {"properties": {"type": type_}}}}
    assert choices_in(root)[-2:] == ("anyOf", 1)


def test_what_is_not_json_is_refused() -> None:
    with pytest.raises(SpecError, match="Mine: `schema` cannot be written as JSON"):
        text_with_plugins({"Mine": {"properties": {"size": {"default": {1, 2}}}}})
