"""The schema itself: complete, explained, in step with the classes, and equal to what an editor reads from it."""

import copy
import dataclasses
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from graphnn.augmentation.base import AUGMENTATIONS
from graphnn.averaging.base import AVERAGINGS
from graphnn.datasets.base import AUTO, concrete_mode, facts_of
from graphnn.errors import ShapeError
from graphnn.initializers.base import INITIALIZERS
from graphnn.layers.base import LAYERS, Layer
from graphnn.losses.base import LOSSES
from graphnn.metrics.base import METRICS
from graphnn.optimizers.base import OPTIMIZERS
from graphnn.schedules.base import SCHEDULES
from graphnn.specification import schema as module
from graphnn.specification.names import CONTAINERS, REPEAT
from graphnn.specification.schema import Schema, is_integer, is_refused, load_schema, schema_file, schema_text
from graphnn.specification.schema_layout import with_short_forms
from graphnn.specification.sections import to_json
from graphnn.training.monitor import EarlyStopping

SCHEMA = load_schema()
CLASSES = {
    "layer": LAYERS,
    "initializer": INITIALIZERS,
    "loss": LOSSES,
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
    "averaging": AVERAGINGS,
    "augmentation": AUGMENTATIONS,
}
SCHEDULED = {"optimizer": {"schedule", "groups"}}  # properties that are sections themselves
ABSENT = {  # have no default
    "path",
    "test_path",
    "test_split",
    "header",
    "delimiter",
    "decimal",
    "targets",
    "averaging",
    "early_stopping",
    "keep_best",
}
TYPES = [(kind, name) for kind in CLASSES for name in SCHEMA.types(kind) if name != REPEAT]


def objects(value: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every object of the schema and its path."""
    if isinstance(value, dict):
        yield path, value
        for key, inner in value.items():
            yield from objects(inner, f"{path}/{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from objects(inner, f"{path}/{index}")


def test_it_is_a_draft_7_schema_with_an_id() -> None:
    Draft7Validator.check_schema(SCHEMA.root)
    assert SCHEMA.root["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert SCHEMA.root["$id"].endswith("/network.schema.json")


def test_the_text_has_no_key_twice() -> None:
    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(dict(items)) == len(items), items
        return dict(items)

    json.loads(schema_text(), object_pairs_hook=pairs)


def test_it_never_lets_a_validator_choose_among_definitions() -> None:
    for path, value in objects(SCHEMA.root):
        assert not {"oneOf", "anyOf"} & value.keys(), path


def test_every_reference_leads_to_a_definition() -> None:
    used = {value["$ref"] for _, value in objects(SCHEMA.root) if isinstance(value.get("$ref"), str)}
    assert all(SCHEMA.follow({"$ref": reference}) for reference in used)
    named = {reference.removeprefix("#/definitions/").split("/")[0] for reference in used}
    assert named == {name for name in SCHEMA.definitions if name == "layer_in_block" or not name.endswith("_in_block")}


@pytest.mark.parametrize("kind", CLASSES)
def test_every_registered_class_has_a_definition_and_the_other_way_round(kind: str) -> None:
    built_in = {name for name, one in CLASSES[kind].items() if one.__module__.startswith("graphnn.")}
    assert set(SCHEMA.types(kind)) == built_in | ({REPEAT} if kind == "layer" else set())
    type_ = SCHEMA.definitions[kind]["properties"]["type"]
    assert type_["enum"] == list(SCHEMA.types(kind))  # as the branches, in the same order
    assert len(type_["enumDescriptions"]) == len(type_["enum"])


def test_the_optimizer_of_a_group_is_one_of_all_and_has_no_settings_of_the_whole_gradient() -> None:
    one, of_a_group = (SCHEMA.definitions[kind] for kind in ("optimizer", "group_optimizer"))
    assert of_a_group["allOf"] == one["allOf"]
    assert of_a_group["defaultSnippets"] == one["defaultSnippets"]
    assert of_a_group["properties"]["type"] == one["properties"]["type"]
    refused = {key for key, own in of_a_group["properties"].items() if is_refused(own)}
    assert refused == {"clip_norm", "schedule", "groups"} == set(one["properties"]) - {"type", "description"}
    for name in SCHEMA.types("optimizer"):
        assert SCHEMA.settings("group_optimizer", name) == {
            key: own for key, own in SCHEMA.settings("optimizer", name).items() if key not in refused
        }


@pytest.mark.parametrize(("kind", "name"), TYPES)
def test_properties_and_defaults_are_the_fields_of_the_class(kind: str, name: str) -> None:
    common = {field.name for field in dataclasses.fields(Layer)} if kind == "layer" else set()
    fields = {
        field.name: field.default
        for field in dataclasses.fields(CLASSES[kind][name])
        if field.init and field.name not in common
    }
    settings = {key: value for key, value in SCHEMA.settings(kind, name).items() if key not in SCHEDULED.get(kind, ())}
    assert set(settings) == set(fields)
    required = SCHEMA.definition(kind, name).get("required", [])
    for key, default in fields.items():
        if key in required:
            assert default is dataclasses.MISSING, key
        elif "default" in settings[key]:
            assert to_json(default) == settings[key]["default"], key
            assert isinstance(default, bool) == isinstance(settings[key]["default"], bool), key
        else:
            assert default is None, key


def test_a_default_that_is_another_setting_stands_after_it_and_is_what_the_class_does() -> None:
    found = {
        (name, key): one["defaultFrom"]
        for kind, name in TYPES
        for key, one in SCHEMA.settings(kind, name).items()
        if "defaultFrom" in one
    }
    assert found == {(name, "strides"): "pool_size" for name in ("MaxPooling2D", "AveragePooling2D")}
    for (name, key), other in found.items():
        assert "default" not in SCHEMA.settings("layer", name)[key]
        names = list(SCHEMA.settings("layer", name))
        assert names.index(other) < names.index(key)
        for value in (1, 3, (2, 3)):
            assert CLASSES["layer"][name](**{other: value}) == CLASSES["layer"][name](**{other: value, key: value})


@pytest.mark.parametrize(("kind", "name"), TYPES)
def test_every_type_refuses_other_keys_and_explains_its_own(kind: str, name: str) -> None:
    definition = SCHEMA.definition(kind, name)
    assert definition["title"] == name
    assert definition["description"].endswith(".") or definition["description"].endswith("/ (1 + exp(−x)).")
    assert definition["additionalProperties"] is False
    shared = ["type", "name", "description"] if kind == "layer" else ["type", "description"]
    assert list(definition["properties"])[: len(shared)] == shared
    for key, one in SCHEMA.properties(kind, name).items():
        assert one["description"].endswith("."), key


@pytest.mark.parametrize("name", ["input", "training", "evaluation"])
def test_every_plain_section_refuses_other_keys_and_explains_its_own(name: str) -> None:
    assert SCHEMA.section(name)["additionalProperties"] is False
    for key, one in SCHEMA.properties(name).items():
        assert one["description"].endswith("."), key
        if key not in (*SCHEMA.section(name).get("required", ()), "description", *ABSENT):
            assert "default" in one, key


@pytest.mark.parametrize("name", SCHEMA.types("data"))
def test_every_data_set_refuses_other_keys_and_has_the_shared_ones(name: str) -> None:
    definition, shared = SCHEMA.definition("data", name), SCHEMA.section("data")["properties"]
    assert definition["title"] == f"the dataset {name}"
    assert definition["additionalProperties"] is False
    assert {key for key, one in definition["properties"].items() if one is True} == set(shared)
    assert list(shared)[:2] == ["description", "dataset"]
    assert shared["dataset"]["enum"] == list(SCHEMA.types("data"))
    assert len(shared["dataset"]["enumDescriptions"]) == len(shared["dataset"]["enum"])
    for key, one in SCHEMA.properties("data", name).items():
        assert one["description"].endswith("."), key
        if key not in ("dataset", "description", *definition.get("required", ()), *ABSENT):
            assert "default" in one, key


@pytest.mark.parametrize("name", SCHEMA.types("data"))
def test_published_data_sets_say_what_auto_means(name: str) -> None:
    facts, auto = facts_of(name), SCHEMA.definition("data", name).get("auto", {})
    assert set(auto) <= {"normalize"}
    if facts is not None:
        assert auto == {"normalize": concrete_mode(AUTO, facts.shape)}


def test_the_watched_figures_are_those_of_the_losses() -> None:
    known = [f"validation_{name}" for loss in LOSSES.values() for name in loss().metrics()]
    training = SCHEMA.properties("training")
    for definition in (training["keep_best"], training["early_stopping"]["properties"]["monitor"]):
        assert definition["enum"] == list(dict.fromkeys(known))
    assert {f"validation_{name}" for name in METRICS} == set(known)
    lower = [name for name in METRICS if not METRICS[name].higher_is_better]
    described = training["early_stopping"]["properties"]["monitor"]["description"]
    assert described.endswith(f"; {' and '.join(lower)} are better when lower, the others when higher.")


def test_early_stopping_is_described_as_its_class_has_it() -> None:
    properties = {
        name: one
        for name, one in SCHEMA.properties("training")["early_stopping"]["properties"].items()
        if name != "description"
    }
    fields = {field.name: field.default for field in dataclasses.fields(EarlyStopping)}
    assert {name: one["default"] for name, one in properties.items()} == fields
    assert all(one["description"].endswith(".") for one in properties.values())


def test_every_default_and_example_fits() -> None:
    for path, value in objects(SCHEMA.root):
        if "type" not in value or "/body" in path or not isinstance(value["type"], str | list):
            continue
        if "/definitions/block/" in path or path == "/properties/blocks":  # with parameters, which blocks.py explains
            continue
        validator = SCHEMA.validator.evolve(schema=value)
        for given in [*([value["default"]] if "default" in value else []), *value.get("examples", [])]:
            assert list(validator.iter_errors(given)) == [], path


def test_what_follows_from_the_layers_is_what_the_schema_says_of_blocks_and_defaults(golden: Any) -> None:
    golden(schema_file(), with_short_forms(schema_file().read_text(encoding="utf-8")))
    names = json.loads(schema_text())["definitions"]["block_name"]["not"]["enum"]
    assert names == [name.lower() for name in SCHEMA.types("layer")]


def test_every_snippet_fits_where_it_is_offered() -> None:
    """As the editor's own tests say too, where there is one to ask."""
    number = 0
    for path, value in objects(SCHEMA.root):
        if "/definitions/block/" in f"{path}/" or path == "/properties/blocks":  # with parameters, as above
            continue
        for snippet in value.get("defaultSnippets", ()):
            number += 1
            text = snippet["bodyText"] if "bodyText" in snippet else json.dumps(snippet["body"])
            validator = SCHEMA.validator.evolve(schema=value)
            assert list(validator.iter_errors(json.loads(filled(text)))) == [], (path, snippet)
    assert number > 70


def filled(text: str) -> str:
    """Return what an editor inserts for placeholders such as ${1:10}; a caret at the start means: without quotes."""
    text = json.loads(text).removeprefix("^") if text.startswith('"^') else text
    return re.sub(r"\$\{\d+[:|]([^},|]*)[^}]*\}", r"\1", text).replace("\\$", "$")


@pytest.mark.parametrize("kind", SCHEMA.switches)
def test_each_type_has_a_snippet(kind: str) -> None:
    key = SCHEMA.choosing_key(kind)
    texts = [filled(one["bodyText"]) for one in SCHEMA.definitions[kind]["defaultSnippets"] if "bodyText" in one]
    types = [json.loads(text)[key] for text in texts]
    named = [one["body"] for one in SCHEMA.definitions[kind]["defaultSnippets"] if "body" in one]
    assert list(dict.fromkeys([*named, *types])) == list(SCHEMA.types(kind))


@pytest.mark.parametrize("kind", SCHEMA.switches)
def test_snippets_and_names_are_described_as_types_are(kind: str) -> None:
    definition = SCHEMA.definitions[kind]
    chosen = definition["properties"][SCHEMA.choosing_key(kind)]
    meanings = dict(zip(chosen["enum"], chosen["enumDescriptions"], strict=True))
    for snippet in definition["defaultSnippets"]:
        name = snippet.get("body") or snippet["label"].partition(" with ")[0]
        assert snippet["description"] == meanings[name]
    if "then" in definition:
        assert {key: definition["then"][key] for key in ("enum", "enumDescriptions")} == {
            key: chosen[key] for key in ("enum", "enumDescriptions")
        }


SHAPES = {1: (8,), 3: (2, 8, 8)}  # by the number of axes


@pytest.mark.parametrize("name", SCHEMA.types("layer"))
def test_the_shapes_in_a_layers_description_are_those_that_it_takes_and_gives(name: str) -> None:
    type_ = SCHEMA.definitions["layer"]["properties"]["type"]
    meaning = dict(zip(type_["enum"], type_["enumDescriptions"], strict=True))[name]
    taken, arrow, given = meaning.rpartition(". ")[2].partition(" → ")
    assert arrow
    if name in CONTAINERS:
        assert taken == "Any shape"
        assert given.endswith(" of its layers")
        return
    settings = SCHEMA.settings("layer", name)
    required = {key: settings[key]["examples"][0] for key in SCHEMA.definition("layer", name).get("required", ())}
    layer = CLASSES["layer"][name](**required)
    outputs = {}
    for axes, shape in SHAPES.items():
        with suppress(ShapeError):
            outputs[axes] = layer.build(shape).output_shape
    if taken == "Any shape":
        assert given == "the same"
        assert outputs == SHAPES
    else:
        axes = taken.count(",") + 1
        assert len(outputs[axes]) == given.count(",") + 1
        assert name in ("Flatten", "Softmax") or set(outputs) == {axes}


WRONG: list[Any] = [
    3,
    {},
    {"type": "Dense"},
    {"type": "Dense", "units": 0, "unit": 3},
    {"type": "Dense", "units": 10.5},
    {"type": "dense"},
    {"type": 3},
    {"type": ["Dense"]},
    {"units": 3},
    {"type": "Conv2D", "filters": 3, "padding": "some", "kernel_size": [1]},
    {"type": "ReLU", "name": "a/b"},
    {"type": "ReLU"},
    {"type": "Residual"},
    {"type": "Residual", "layers": [], "shortcut": [{"type": "Dense"}]},
    {"type": "Residual", "layers": [{"type": "Conv2D", "filters": 0}, {"type": "Residual", "layers": [{"type": "x"}]}]},
]


@pytest.mark.parametrize("layer", WRONG)
def test_looking_a_type_up_finds_what_trying_each_finds(layer: Any) -> None:
    document = {
        "layers": [layer],
        "optimizer": {"type": "Adam", "schedule": {"type": "step"}},
        "training": {"averaging": {"type": "lookahead", "decay": 2}},
        "data": {"dataset": "npz"},
    }

    def found(validator: Any) -> list[str]:
        return sorted(f"{list(error.absolute_path)} {error.message}" for error in validator.iter_errors(document))

    assert found(SCHEMA.validator) == found(Draft7Validator(SCHEMA.root))


@pytest.mark.parametrize(("value", "whole"), [(10, True), (10.0, False), (True, False), ("1", False), (None, False)])
def test_integers_are_those_written_as_such(value: Any, whole: bool) -> None:
    assert is_integer(None, value) is whole
    assert SCHEMA.validator.is_type(value, "integer") is whole


def test_a_plugin_leaves_the_schema_itself_alone() -> None:
    before = copy.deepcopy(SCHEMA.root)
    extended = load_schema({"Mine": {"properties": {"size": {"type": "integer"}}}})
    assert "Mine" in extended.types("layer")
    assert set(extended.settings("layer", "Mine")) == {"size"}
    Draft7Validator.check_schema(extended.root)
    assert load_schema() is SCHEMA
    assert before == SCHEMA.root


def test_it_is_found_in_the_package_once_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert schema_file() == Path(module.__file__).parents[2] / "schemas" / "network.schema.json"
    installed = tmp_path / "graphnn" / "schemas"
    monkeypatch.setattr(module, "FOLDERS", (installed, *module.FOLDERS))
    assert schema_file() == module.FOLDERS[-1] / "network.schema.json"
    installed.mkdir(parents=True)
    (installed / "network.schema.json").write_text(schema_text(), "utf-8")
    assert schema_file() == installed / "network.schema.json"
    monkeypatch.setattr(module, "FOLDERS", (tmp_path,))
    with pytest.raises(FileNotFoundError, match="install graphnn again"):
        schema_file()


def test_the_format_version_is_that_of_the_schema() -> None:
    assert SCHEMA.format_version == 1
    root = copy.deepcopy(SCHEMA.root)
    root["properties"]["format_version"]["const"] = 7
    assert Schema(root, {}).format_version == 7
