"""Checkpoints: what they keep, and how they tell one run from another."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from graphnn.datasets.digest import TEST, TRAINING
from graphnn.errors import WeightsError
from graphnn.specification.differences import with_defaults
from graphnn.specification.spec import spec_from_values
from graphnn.storage.weights import load_weights, save_weights
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


def test_a_checkpoint_of_an_older_version_knows_the_training_data_alone(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "c.npz", State(0, 0, 0, None, 0.0, {}, [], {}), SETTINGS)
    file = load_weights(tmp_path / "c.npz")
    save_weights(tmp_path / "old.npz", file.arrays, {**file.meta, "data": "abc"})
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
