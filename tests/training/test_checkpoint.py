"""Checkpoints: what they keep, and how they tell one run from another."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.datasets.digest import TEST, TRAINING
from graphnn.errors import WeightsError
from graphnn.specification.differences import with_defaults
from graphnn.specification.spec import spec_from_values
from graphnn.storage.archives import Archive, write_archive
from graphnn.storage.described import read_described, write_described
from graphnn.storage.weights import as_json, save_weights
from graphnn.training.checkpoint import RunSettings, State, load_checkpoint, save_checkpoint
from graphnn.training.history import Record

DOCUMENT = {
    "$schema": "a",
    "name": "one",
    "layers": [{"type": "Dense", "name": "hidden", "units": 3, "description": "old"}, {"type": "ReLU"}],
    "input": {"shape": [1, 8, 8]},
    "optimizer": {"type": "SGD", "learning_rate": 0.1},
    "training": {"epochs": 5},
}
ABC = {TRAINING: "abc", TEST: "def"}
SETTINGS = RunSettings(DOCUMENT, ABC, None, "numpy")


def test_a_checkpoint_gives_back_everything_exactly(tmp_path: Path) -> None:
    arrays = {"parameters": np.array([0.1, np.pi], np.float32), "running/a/b": np.zeros(3, np.float32)}
    record = Record(1, {"loss": 0.1 + 0.2}, None, 1e-3, 2.5, 3.5)
    state = State(1, 4, 15, [0.1 + 0.2, 7.0], 0.3, {"reduced": 0.1, "lowest": None, "waited": 1}, [record], arrays)
    save_checkpoint(tmp_path / "c.npz", state, replace(SETTINGS, limit=7))
    found, settings = load_checkpoint(tmp_path / "c.npz")
    assert replace(found, arrays={}) == replace(state, arrays={})
    assert {name: array.tobytes() for name, array in found.arrays.items()} == {
        name: array.tobytes() for name, array in arrays.items()
    }
    assert settings == replace(SETTINGS, limit=7)


def test_a_stored_document_gets_the_defaults_of_settings_that_came_later(tmp_path: Path) -> None:
    now = spec_from_values(
        {**DOCUMENT, "loss": {"type": "MeanSquaredError"}, "data": {"dataset": "npz", "path": "/d.npz"}}
    )
    before = now.resolved()
    del before["layers"][0]["initializer"], before["layers"][0]["trainable"]
    settings = replace(SETTINGS, document=before)
    state = State(0, 0, 0, None, 0.0, {}, [], {})
    save_checkpoint(tmp_path / "c.npz", state, settings)
    found = load_checkpoint(tmp_path / "c.npz")[1]
    assert found.differences(replace(SETTINGS, document=now.resolved())) == []
    before["layers"][0]["units"] = 4
    (difference,) = replace(SETTINGS, document=with_defaults(before)).differences(
        replace(settings, document=now.resolved())
    )
    assert difference == "layers[0].units: 4 in the checkpoint, 3 now"
    before["layers"][0]["units"] = 0  # no longer a network
    assert with_defaults(before) is before


def test_another_file_is_no_checkpoint(tmp_path: Path) -> None:
    save_weights(tmp_path / "w.npz", {"a/b": np.zeros(2, np.float32)}, {})
    with pytest.raises(WeightsError, match="not a checkpoint"):
        load_checkpoint(tmp_path / "w.npz")


def test_what_has_no_effect_makes_no_difference() -> None:
    layers = [{**DOCUMENT["layers"][0], "description": "new"}, {"type": "ReLU", "description": "more"}]  # type: ignore[index,dict-item]
    changed = {**DOCUMENT, "$schema": "b", "name": "two", "description": "d", "layers": layers}
    assert SETTINGS.differences(RunSettings(changed, ABC, None, "numpy")) == []


def test_differences_are_named_by_path() -> None:
    changed = {
        **DOCUMENT,
        "layers": [{"type": "Dense", "name": "hidden", "units": 4}, {"type": "ReLU"}, {"type": "Softmax"}],
        "input": {"shape": [64]},
        "optimizer": {"type": "SGD", "learning_rate": 0.2, "clip_norm": 1},
        "training": {"epochs": 6},
    }
    now = RunSettings(changed, ABC, None, "numpy")
    assert SETTINGS.differences(now, ignore=frozenset({"training.epochs"})) == [
        "layers[0].units: 3 in the checkpoint, 4 now",
        "input.shape: [1, 8, 8] in the checkpoint, [64] now",
        "optimizer.learning_rate: 0.1 in the checkpoint, 0.2 now",
        'layers[2].type: absent in the checkpoint, "Softmax" now',
        "optimizer.clip_norm: absent in the checkpoint, 1 now",
    ]
    assert "training.epochs: 5 in the checkpoint, 6 now" in SETTINGS.differences(now)


def test_a_document_is_read_with_the_defaults_of_settings_that_are_newer_than_it() -> None:
    values = {
        **DOCUMENT,
        "layers": [{"type": "Dense", "name": "hidden", "units": 10}, {"type": "Softmax"}],
        "input": {"shape": [64]},
        "loss": {"type": "CrossEntropy"},
        "data": {"dataset": "digits"},
    }
    now = spec_from_values(values).resolved()
    old = {**now, "training": {key: value for key, value in now["training"].items() if key != "drop_last"}}
    assert RunSettings(old, ABC, None, "numpy").differences(RunSettings(now, ABC, None, "numpy")) == []
    now = spec_from_values(values, overrides=["training.drop_last=true"]).resolved()
    assert RunSettings(old, ABC, None, "numpy").differences(RunSettings(now, ABC, None, "numpy")) == [
        "training.drop_last: false in the checkpoint, true now"
    ]


def test_other_kernels_are_a_difference() -> None:
    lines = SETTINGS.differences(RunSettings(DOCUMENT, ABC, None, "numba"))
    assert lines == ["--kernels: numpy in the checkpoint, numba now"]


def test_other_data_are_a_difference() -> None:
    assert SETTINGS.differences(RunSettings(DOCUMENT, {**ABC, TRAINING: "xyz"}, None, "numpy")) == [
        "the training data are not those that the run was started with"
    ]
    assert SETTINGS.differences(RunSettings(DOCUMENT, {**ABC, TRAINING: "xyz"}, 10, "numpy")) == [
        "--limit: none in the checkpoint, 10 now"
    ]
    now = RunSettings(DOCUMENT, {**ABC, TEST: "xyz"}, None, "numpy")
    assert SETTINGS.differences(now) == ["the test data are not those that the run was started with"]
    assert SETTINGS.differences(now, ignore=frozenset({TEST})) == []


OLD = {
    "checkpoint_version": 1,
    "epoch": 2,
    "step": 3,
    "updates": 15,
    "sums": [0.5, 7],
    "seconds": 0.25,
    "schedule": {"reduced": 0.1, "lowest": None, "waited": 1, "groups": [{"reduced": 1.0}]},
    "history": [
        {
            "epoch": epoch,
            "training": {"loss": 0.5, "r2": None},
            "validation": None if epoch == 1 else {"loss": 0.25, "r2": 1},
            "learning_rate": 0.1,
            "seconds": 1.5,
            "images_per_second": 100.0,
        }
        for epoch in (1, 2)
    ],
    "document": DOCUMENT,
    "data": ABC,
    "limit": None,
}


def write_old(path: Path, changes: dict[str, Any]) -> Path:
    """Write a checkpoint of version 1, which had its history in the metadata, and no digest."""
    text = json.dumps({"format_version": 1, **OLD, **changes}).encode()
    with path.open("wb") as file:
        write_archive(file, {"parameters": np.float32([1, 2]), "__meta__": np.frombuffer(text, np.uint8)})
    return path


def test_a_checkpoint_of_version_1_is_read(tmp_path: Path) -> None:
    state, settings = load_checkpoint(write_old(tmp_path / "old.npz", {}))
    assert settings == replace(SETTINGS)
    assert (state.epoch, state.step, state.updates, state.sums, state.seconds) == (2, 3, 15, [0.5, 7], 0.25)
    assert state.schedule == OLD["schedule"]
    assert [record.epoch for record in state.history] == [1, 2]
    assert state.history[0].validation is None
    assert state.history[1].validation == {"loss": 0.25, "r2": 1}
    assert math.isnan(state.history[0].training["r2"])
    assert {name: array.tolist() for name, array in state.arrays.items()} == {"parameters": [1, 2]}


def test_what_it_costs_to_write_does_not_grow_with_the_epochs(tmp_path: Path) -> None:
    """The metadata stay as they are, and each epoch adds one row to the array."""
    record = Record(1, {"loss": 0.1, "accuracy": 0.5}, None, 1e-3, 2.5, 3.5)
    sizes = []
    for epochs in (1, 1000):
        history = [replace(record, epoch=epoch) for epoch in range(1, epochs + 1)]
        save_checkpoint(tmp_path / "c.npz", State(epochs, 0, epochs, None, 0.0, {}, history, {}), SETTINGS)
        with Archive(tmp_path / "c.npz", WeightsError) as archive:
            arrays, meta = read_described(archive)
        assert arrays["history"].shape == (7 * epochs,)
        sizes.append(len(json.dumps(meta)))
        assert load_checkpoint(tmp_path / "c.npz")[0].history == history
    assert sizes[1] <= sizes[0] + 9  # three numbers with three more digits


VALID = {key: value for key, value in OLD.items() if key != "history"} | {
    "checkpoint_version": 3,
    "epoch": 0,
    "metric_names": [],
    "kernels": "numpy",
}


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("checkpoint_version", 4, "not a checkpoint that this version can resume"),
        ("checkpoint_version", True, "not a checkpoint that this version can resume"),
        ("checkpoint_version", [1], "not a checkpoint that this version can resume"),
        ("epoch", "a", "its metadata are damaged: epoch is 'a', where a whole number, at least 0, is needed"),
        ("epoch", 1.0, "its metadata are damaged: epoch is 1.0, where a whole"),
        ("epoch", 10**30, "its metadata are damaged: epoch is 1000000"),
        ("epoch", 1, "the checkpoint is damaged: after 1 epochs, its history has 0 records"),
        ("step", -1, "its metadata are damaged: step is -1, where"),
        ("step", 0, "the checkpoint is damaged: after 0 steps of the next epoch, it has sums of their losses"),
        ("sums", None, "the checkpoint is damaged: after 3 steps of the next epoch, it has no sums of their losses"),
        ("sums", [float("nan")], "its metadata are damaged: sums[0] is None, where a number is needed"),
        ("sums", 5, "its metadata are damaged: sums is 5, where a list is needed"),
        ("seconds", -1.0, "its metadata are damaged: seconds is -1.0, where a number from 0 is needed"),
        ("schedule", [], "its metadata are damaged: schedule is [], where an object is needed"),
        ("schedule", {"reduced": None}, "its metadata are damaged: schedule.reduced is None, where a number"),
        ("schedule", {"groups": [5]}, "its metadata are damaged: schedule.groups[0] is 5, where an object"),
        ("document", None, "its metadata are damaged: document is None, where an object is needed"),
        ("document", {}, 'its metadata are damaged: document has no "training"'),
        ("document", {"training": {"epochs": None}}, "its metadata are damaged: document.training.epochs is None"),
        ("data", {"training data": 5}, "its metadata are damaged: data.training data is 5, where a text is needed"),
        ("limit", 0, "its metadata are damaged: limit is 0, where a whole number, at least 1, is needed"),
        ("kernels", None, "its metadata are damaged: kernels is None, where a text is needed"),
        ("metric_names", None, "its metadata are damaged: metric_names is None, where a list is needed"),
    ],
)
def test_metadata_of_other_types_are_told(tmp_path: Path, key: str, value: Any, message: str) -> None:
    file = tmp_path / "c.npz"
    arrays = {"parameters": np.float32([1, 2]), "history": np.zeros(0)}
    write_described(file, arrays, VALID)
    load_checkpoint(file)
    write_described(file, arrays, as_json({**VALID, key: value}))
    with pytest.raises(WeightsError) as caught:
        load_checkpoint(file)
    assert str(caught.value).startswith(f"{file}: {message}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("key", ["epoch", "document", "metric_names", "limit", "kernels"])
def test_metadata_that_are_missing_are_told(tmp_path: Path, key: str) -> None:
    meta = {name: value for name, value in VALID.items() if name != key}
    write_described(tmp_path / "c.npz", {"history": np.zeros(0)}, meta)
    with pytest.raises(WeightsError, match=f'c.npz: its metadata are damaged: it has no "{key}"'):
        load_checkpoint(tmp_path / "c.npz")


@pytest.mark.parametrize(
    "history", [5, [5], [{}], [{**OLD["history"][0], "epoch": 2}], [{**OLD["history"][0], "training": None}], []]
)
def test_a_history_of_version_1_that_is_damaged_is_told(tmp_path: Path, history: Any) -> None:
    file = write_old(tmp_path / "old.npz", {"epoch": 1, "history": history})
    with pytest.raises(WeightsError, match=r"old\.npz: (its metadata are|the checkpoint is) damaged: "):
        load_checkpoint(file)


def test_a_history_that_is_missing_or_of_another_shape_is_told(tmp_path: Path) -> None:
    for arrays, message in (({}, "it has no 'history'"), ({"history": np.zeros(9)}, "its history has ")):
        write_described(tmp_path / "c.npz", arrays, VALID)
        with pytest.raises(WeightsError, match=f"c.npz: the checkpoint is damaged: {message}"):
            load_checkpoint(tmp_path / "c.npz")


def test_a_checkpoint_of_an_older_version_knows_the_training_data_alone(tmp_path: Path) -> None:
    write_old(tmp_path / "old.npz", {"data": "abc"})
    found = load_checkpoint(tmp_path / "old.npz")[1]
    assert found.differences(SETTINGS) == []
    assert found.differences(replace(SETTINGS, data={**ABC, TRAINING: "xyz"})) != []


@pytest.mark.parametrize(
    "name", ["parameters", "running/a/b", "optimizer/mean", "average/parameters", "best/parameters"]
)
def test_a_number_that_is_not_finite_is_refused(tmp_path: Path, name: str) -> None:
    """That of the best epoch, for example, would otherwise become the weights without being computed with."""
    state = State(0, 0, 0, None, 0.0, {}, [], {name: np.array([0, np.nan, 1], np.float32)})
    save_checkpoint(tmp_path / "c.npz", state, SETTINGS)
    with pytest.raises(WeightsError, match=f'c.npz: "{name}" holds 1 value that is not finite'):
        load_checkpoint(tmp_path / "c.npz")
