"""Tests of what Keras goes on with: it takes the same steps, or a note says what it does otherwise."""

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Run
from tests.exporting.keras.conftest import Process
from tests.exporting.keras.keras_networks import CLASSES, content, export, network_of
from tests.exporting.keras.keras_trainings import OPTIMIZERS, check_training, train_in_both


@pytest.mark.long
def test_every_optimizer(tmp_path: Path, graphnn: Run, keras: Process) -> None:
    x, trained = train_in_both(tmp_path, graphnn, OPTIMIZERS)
    keras(tmp_path)
    check_training(x, trained, tmp_path)


BARE = {"scale": False, "center": False}


@pytest.mark.parametrize(
    ("settings", "trained"),
    [({}, True), ({"trainable": False}, False), (BARE, True), ({**BARE, "trainable": False}, False)],
)
def test_statistics_are_fixed_in_keras_where_they_are_here(
    tmp_path: Path, settings: dict[str, Any], trained: bool
) -> None:
    layers = [{"type": "BatchNormalization", **settings}, *CLASSES["layers"]]
    export(network_of({**CLASSES, "layers": layers}, 3), tmp_path / "a.keras")
    config = content(tmp_path / "a.keras", "config.json")["config"]
    (found,) = (each["config"] for each in config["layers"] if each["class_name"] == "BatchNormalization")
    assert found["trainable"] == trained


COMPILED = "compile_config"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"optimizer": {"type": "SGD", "schedule": {"type": "cosine"}}}, "keeps the learning rate at 0.01"),
        ({"loss": {"type": "CrossEntropy", "class_weights": [1, 2]}}, "give them to its fit as class_weight"),
        ({"optimizer": {"type": "AdamW"}}, "reaches biases"),
        ({"optimizer": {"type": "Adam", "epsilon": 0.1}}, "adds epsilon, 0.1, at another place"),
        (
            {"optimizer": {"type": "SGD", "weight_decay": 0.1, "clip_norm": 1}},
            "clips the gradient with the weight decay",
        ),
        ({"layers": {"trainable": {"weights": False}}}, "trained whole: dense_1"),
        ({"layers": {"trainable": {"biases": {"until_epoch": 1}}}}, "trained whole: dense_1"),
        ({"loss": {"type": "CrossEntropy", "label_smoothing": 0.1}}, "not compiled: its outputs are without"),
        (
            {"optimizer": {"type": "SGD", "groups": [{"match": "*", "learning_rate_scale": 2}]}},
            "not compiled: its optim",
        ),
    ],
)
def test_what_keras_does_not_train_alike_is_noted(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    layer = {"type": "Dense", "units": 2, **changes.get("layers", {})}
    layers = [layer, {"type": "Softmax"}]
    network = network_of({**CLASSES, "optimizer": {"type": "SGD"}, **changes, "layers": layers}, 3)
    notes = export(network, tmp_path / "a.keras").notes
    assert said in notes[0]
    assert (COMPILED in content(tmp_path / "a.keras", "config.json")) == ("not compiled" not in said)
