"""A document becomes a Spec with every default, or is refused with every problem."""

import copy
import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphnn.errors import SpecError
from graphnn.graph.build import build_graph
from graphnn.graph.graph import Graph
from graphnn.specification.sections import Section
from graphnn.specification.spec import Spec, parse_spec, read_spec, spec_from_values

DOCUMENT: dict[str, Any] = {
    "input": {"shape": [1, 8, 8]},
    "layers": [
        {"type": "Conv2D", "filters": 4, "kernel_size": [3, 1]},
        {"type": "MaxPooling2D"},
        {"type": "Conv2D", "name": "last", "filters": 8, "padding": 1, "description": "the last image"},
        {"type": "Flatten"},
        {"type": "Dense", "units": 10},
        {"type": "Softmax"},
    ],
    "loss": {"type": "CrossEntropy"},
    "optimizer": {"type": "SGDMomentum"},
    "data": {"dataset": "digits"},
    "training": {"epochs": 5},
}


def changed(**sections: Any) -> dict[str, Any]:
    """Return the document with other sections."""
    return {**copy.deepcopy(DOCUMENT), **sections}


def test_defaults_are_filled_in() -> None:
    spec = spec_from_values(DOCUMENT)
    conv = spec.layers[0]
    assert conv.type == "Conv2D"
    assert conv.options == {
        "filters": 4, "kernel_size": (3, 1), "strides": 1, "padding": "same", "use_bias": True,
        "initializer": Section("he_normal", {}, ("layers", 0, "initializer")), "trainable": True,
    }  # fmt: skip
    assert spec.layers[1].options == {"pool_size": 2, "strides": 2}
    assert spec.loss == Section("CrossEntropy", {"label_smoothing": 0}, ("loss",))
    assert spec.optimizer.options == {
        "learning_rate": 0.01, "momentum": 0.9, "nesterov": False, "weight_decay": 0, "decay_biases": False,
        "schedule": None,
    }  # fmt: skip
    assert spec.data == {
        "dataset": "digits",
        "validation_split": 0.1,
        "seed": 0,
        "normalize": "per_channel",
        "augment": (),
        "path": None,
    }
    assert spec.training == {"epochs": 5, "batch_size": 128, "seed": 0, "drop_last": False}
    assert spec.evaluation == {"every": 1, "test_time_augmentation": "none"}
    assert spec.input_shape == (1, 8, 8)
    assert (spec.description, spec.notices) == (None, ())


@pytest.mark.parametrize(
    ("type_", "rate", "decay"),
    [("SGD", 0.01, 0), ("SGDMomentum", 0.01, 0), ("Adam", 0.001, 0), ("AdamW", 0.001, 0.01), ("RMSprop", 0.001, 0)],
)
def test_defaults_depend_on_the_optimizer(type_: str, rate: float, decay: float) -> None:
    options = spec_from_values(changed(optimizer={"type": type_})).optimizer.options
    assert (options["learning_rate"], options["weight_decay"]) == (rate, decay)
    assert "clip_norm" not in options


def test_the_schedule_is_a_section() -> None:
    schedule = {"type": "step", "every": 3, "description": "slowly"}
    spec = spec_from_values(changed(optimizer={"type": "Adam", "schedule": schedule, "clip_norm": 1}))
    assert spec.optimizer.options["schedule"] == Section(
        "step", {"every": 3, "factor": 0.1, "warmup_epochs": 0}, ("optimizer", "schedule"), "slowly"
    )
    assert spec.optimizer.options["clip_norm"] == 1


def test_the_points_of_a_schedule_are_pairs() -> None:
    schedule = {"type": "piecewise_linear", "points": [[0, 0.2], [0.23, 1], [1, 0.07]]}
    spec = spec_from_values(changed(optimizer={"type": "SGD", "schedule": schedule}))
    assert spec.optimizer.options["schedule"].options == {"points": ((0, 0.2), (0.23, 1), (1, 0.07))}
    assert spec.resolved()["optimizer"]["schedule"] == schedule


def test_layers_without_a_name_get_their_type_and_ordinal() -> None:
    spec = spec_from_values(DOCUMENT)
    names = ["conv2d_1", "maxpooling2d_1", "last", "flatten_1", "dense_1", "softmax_1"]
    assert [layer.name for layer in spec.layers] == names
    assert [layer.named for layer in spec.layers] == [False, False, True, False, False, False]
    layers = [*DOCUMENT["layers"][:3], {"type": "Conv2D", "filters": 2}, *DOCUMENT["layers"][3:]]
    assert spec_from_values(changed(layers=layers)).layers[3].name == "conv2d_3"  # the third of its type


def test_paths_lead_to_the_sections() -> None:
    spec = spec_from_values(DOCUMENT)
    assert [layer.path for layer in spec.layers] == [("layers", index) for index in range(6)]
    problem = spec.problem(spec.layers[2].path, "too large")
    assert str(problem) == '<document>: layers[2] "last": too large'


def test_the_name_is_that_of_the_file_if_left_out(tmp_path: Path) -> None:
    file = tmp_path / "small.net.json"
    file.write_text(json.dumps(DOCUMENT))
    assert read_spec(file).name == "small.net"
    assert parse_spec(json.dumps(DOCUMENT)).name == "document"
    assert spec_from_values(changed(name="mine")).name == "mine"


def test_the_path_of_data_is_relative_to_the_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "models").mkdir()
    file = tmp_path / "models" / "a.json"
    file.write_text(json.dumps(changed(data={"dataset": "npz", "path": "../data/mine.npz"})))
    expected = str(tmp_path / "data" / "mine.npz")
    assert read_spec(file).data["path"] == expected
    monkeypatch.chdir(tmp_path)
    assert read_spec("models/a.json").data["path"] == expected
    text = json.dumps(changed(data={"dataset": "npz", "path": expected}))
    assert parse_spec(text, folder=tmp_path / "models").data["path"] == expected


@pytest.mark.parametrize("size", [3, [2, 1]])
def test_a_default_that_is_another_setting_is_written_out(size: int | list[int]) -> None:
    pools = [{"type": "MaxPooling2D", "pool_size": size}, {"type": "AveragePooling2D"}]
    spec = spec_from_values(changed(layers=pools))
    resolved = spec.resolved()["layers"]
    assert [(layer["pool_size"], layer["strides"]) for layer in resolved] == [(size, size), (2, 2)]
    pools = [{**pools[0], "strides": size}, {**pools[1], "strides": 2}]
    assert spec == spec_from_values(changed(layers=pools))
    pools = [{**pools[0], "strides": 1}, pools[1]]
    assert spec_from_values(changed(layers=pools)).resolved()["layers"][0]["strides"] == 1


def test_resolved_is_the_whole_document_and_reads_as_an_equal_spec(tmp_path: Path) -> None:
    values = changed(
        name="net",
        description="a test",
        input={"shape": [1, 8, 8], "description": "i"},
        loss={"type": "CrossEntropy", "description": "l"},
        optimizer={"type": "Adam", "schedule": {"type": "one_cycle"}, "description": "o"},
        data={"dataset": "npz", "path": "mine.npz", "description": "d"},
        training={"epochs": 2.5, "averaging": {"type": "lookahead"}, "early_stopping": {}, "description": "t"},
        evaluation={"every": 2, "description": "e"},
    )
    spec = spec_from_values(values, folder=tmp_path)
    resolved = spec.resolved()
    assert resolved["layers"][0] == {
        "type": "Conv2D", "name": "conv2d_1", "filters": 4, "kernel_size": [3, 1], "strides": 1, "padding": "same",
        "use_bias": True, "initializer": {"type": "he_normal"}, "trainable": True,
    }  # fmt: skip
    assert resolved["optimizer"]["schedule"] == {
        "type": "one_cycle", "start_scale": 0.1, "peak": 0.25, "final_scale": 0.0,
    }  # fmt: skip
    assert resolved["data"]["path"] == str(tmp_path / "mine.npz")
    assert resolved["training"] == {
        "description": "t", "epochs": 2.5, "batch_size": 128, "seed": 0, "drop_last": False,
        "averaging": {"type": "lookahead", "every": 5, "decay": 0.95},
        "early_stopping": {"monitor": "validation_loss", "patience": 5, "min_delta": 0, "start_from_epoch": 0},
    }  # fmt: skip
    assert resolved["evaluation"] == {"description": "e", "every": 2, "test_time_augmentation": "none"}
    sections = ("input", "loss", "optimizer", "data", "training", "evaluation")
    assert [resolved[name]["description"] for name in sections] == list("ilodte")
    again = parse_spec(json.dumps(resolved), "elsewhere.json")
    assert again == spec
    assert again.resolved() == resolved
    assert again.layers[0].named
    assert spec_from_values(DOCUMENT) != spec


def test_a_spec_cannot_change() -> None:
    spec = spec_from_values(DOCUMENT)
    with pytest.raises(dataclasses.FrozenInstanceError):
        spec.name = "other"  # type: ignore[misc]


def test_the_values_handed_in_stay_as_they_are() -> None:
    values = copy.deepcopy(DOCUMENT)
    spec_from_values(values, overrides=["layers[0].filters=9"], plugins={"Mine": {}})
    assert values == DOCUMENT


def test_problems_of_values_made_in_python_are_reported_in_order_without_lines() -> None:
    layers = [{"type": "Dense", "units": 0}, {"type": "relu"}]
    with pytest.raises(SpecError) as refused:
        spec_from_values(changed(layers=layers, training={"epochs": "5"}, x=1), "model")
    assert [str(problem).split(":")[1].strip() for problem in refused.value.problems] == [
        "layers[0].units", "layers[1]", "training.epochs", 'unknown key "x"; a document has $schema, format_version, '
        "input, defaults, blocks, layers, loss, optimizer, data, training, evaluation, name, description",
    ]  # fmt: skip


def test_a_name_that_is_taken_twice_is_reported_for_each() -> None:
    layers = [{"type": "ReLU", "name": "a"}, {"type": "ReLU", "name": "a"}, {"type": "ReLU", "name": "a"}]
    with pytest.raises(SpecError) as refused:
        spec_from_values(changed(layers=layers))
    assert [problem.message for problem in refused.value.problems] == [  # type: ignore[union-attr]
        'layers[0] is called "a" too; names must differ'
    ] * 2


FRAGMENT = {
    "description": "Softplus.",
    "properties": {"beta": {"type": "number", "exclusiveMinimum": 0, "default": 1}},
}


def test_fragments_of_plugins_extend_the_known_types() -> None:
    values = changed(layers=[{"type": "Softplus", "name": "sp"}, *DOCUMENT["layers"]])
    assert spec_from_values(values, plugins={"Softplus": FRAGMENT}).layers[0].options == {"beta": 1}
    with pytest.raises(SpecError, match='unknown layer type "Softplus"'):
        spec_from_values(values)
    values["layers"][0]["beat"] = 2
    with pytest.raises(SpecError, match='layers\\[0\\] "sp": unknown key "beat"; did you mean "beta"'):
        spec_from_values(values, plugins={"Softplus": FRAGMENT})


KEYS = st.sampled_from(["type", "name", "units", "filters", "shape", "rate", "schedule", "path", "padding", "x/y", ""])
WORDS = st.sampled_from(["Dense", "Flatten", "Softmax", "npz", "cosine", "same", "a/b", "1", "ReLU"]) | st.text(
    max_size=3
)
NUMBERS = st.integers(-2, 70) | st.sampled_from([10**30, -1, 0.5, 10.0, 1e308, 0])
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=5,
)


def mutate(value: Any, data: st.DataObject) -> Any:
    """Return a value with one change somewhere in it."""
    if not isinstance(value, dict | list) or not value or data.draw(st.integers(0, 5)) == 0:
        return data.draw(VALUES)
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    key = data.draw(st.sampled_from(keys))
    what = data.draw(st.integers(0, 9))
    changed = copy.copy(value)
    if what == 0:
        del changed[key]
    elif what == 1 and isinstance(changed, dict):
        changed[data.draw(KEYS)] = data.draw(VALUES)
    elif what == 1:
        changed.insert(key, data.draw(VALUES))
    elif what == 2 and isinstance(changed, list):
        changed[key] = changed[data.draw(st.sampled_from(keys))]
    else:
        changed[key] = mutate(changed[key], data)
    return changed


@given(st.data())
@settings(max_examples=400, deadline=None)
def test_no_mutation_of_a_document_gives_anything_but_a_spec_or_problems(data: st.DataObject) -> None:
    values = copy.deepcopy(DOCUMENT)
    for _ in range(data.draw(st.integers(1, 3))):
        values = mutate(values, data)
    try:
        spec = parse_spec(json.dumps(values, indent=data.draw(st.sampled_from([None, 2]))), "net.json")
        graph = build_graph(spec)
    except SpecError as error:
        message = str(error)
        assert message.startswith("net.json:")
    else:
        assert isinstance(spec, Spec)
        assert isinstance(graph, Graph)
        assert spec_from_values(spec.resolved()) == spec
