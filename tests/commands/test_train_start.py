"""train with weights that start from the training images, and with parameters that are not trained."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.commands.main import main
from graphnn.datasets.batches import split
from graphnn.datasets.loading import load
from graphnn.datasets.preparation import Normalisation
from graphnn.initializers.patch_whitening import PatchWhitening
from graphnn.runs import run as training_run
from graphnn.runs import training
from graphnn.storage.weights import load_weights

Train = Callable[..., tuple[int, str, str]]


@pytest.fixture
def whitened(document: Path, small: dict[str, Any]) -> Path:
    """A document whose first convolution is fixed, its biases after an epoch."""
    first = {"type": "Conv2D", "name": "white", "filters": 8, "kernel_size": 2, "padding": "valid"}
    trainable = {"weights": False, "biases": {"until_epoch": 1}}
    small["input"] = {"shape": [1, 8, 8]}
    small["layers"] = [
        {**first, "initializer": "patch_whitening", "trainable": trainable},
        {"type": "GELU"},
        {"type": "Conv2D", "name": "conv", "filters": 4, "use_bias": False, "initializer": "identity"},
        {"type": "BatchNormalization", "name": "norm", "scale": False},
        {"type": "GELU"},
        {"type": "Flatten"},
        {"type": "Dense", "name": "output", "units": 10, "initializer": {"type": "normal", "deviation": 0.01}},
        {"type": "Softmax"},
    ]
    document.write_text(json.dumps(small))
    return document


def arrays(file: Path) -> dict[str, Any]:
    return load_weights(file).arrays


def test_the_first_weights_are_those_of_the_normalised_training_images(train: Train, whitened: Path) -> None:
    code, out, err = train("--quiet")
    assert (code, err) == (0, "")
    data = load("digits")
    chosen, _ = split(data.y_train, 0.1, 1)
    images = Normalisation.fit(data.x_train, "per_channel", chosen).apply(data.x_train[chosen], (1, 8, 8))
    found = arrays(whitened.with_suffix(".npz"))
    expected = PatchWhitening().values((8, 1, 2, 2), images).astype(np.float32)
    np.testing.assert_array_equal(found["white/weights"], expected)
    assert "norm/gamma" not in found
    assert float(out.partition("accuracy: ")[2].partition("%")[0]) > 80


def test_threads_make_no_difference(train: Train, whitened: Path) -> None:
    train("--quiet", "--threads", "1")
    one = whitened.with_suffix(".npz").read_bytes()
    train("--quiet", "--threads", "2")
    assert whitened.with_suffix(".npz").read_bytes() == one


def test_a_run_resumed_after_the_training_of_a_parameter_has_ended(
    train: Train, whitened: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train("--quiet")
    whole = whitened.with_suffix(".npz").read_bytes()
    whitened.with_suffix(".npz").unlink()
    asked = iter([False] * 60 + [True])
    monkeypatch.setattr(training_run.StopRequest, "__call__", lambda request: next(asked))
    code, _, err = train()
    assert code == 130
    assert "Interrupted in epoch 3" in err
    monkeypatch.undo()
    monkeypatch.setattr(training, "initialise", None)  # what a checkpoint replaces is not made
    assert train("--resume")[0] == 0
    assert whitened.with_suffix(".npz").read_bytes() == whole


def test_changed_trainability_is_not_resumed(train: Train, whitened: Path) -> None:
    train("--quiet")
    code, _, err = train("--resume", "--set", "layers[0].trainable.biases.until_epoch=2")
    assert code == 2
    assert ".trainable.biases.until_epoch: 1 at the start, 2 now" in err
    code, _, err = train("--resume", "--set", "layers[2].initializer=he_uniform")
    assert code == 2
    assert '.initializer.type: "identity" at the start, "he_uniform" now' in err


def test_starting_from_other_weights_takes_the_fixed_ones_too(train: Train, whitened: Path) -> None:
    train("--quiet")
    first = whitened.with_name("first.npz")
    whitened.with_suffix(".npz").rename(first)
    second = whitened.with_name("second.npz")
    code, out, _ = train("--init-from", first, "--set", "data.normalize=unit", "--output", second)
    assert code == 0
    assert f"{first}: 8 of 8 parameters of the network taken from it" in out
    found, given = arrays(second), arrays(first)
    np.testing.assert_array_equal(found["white/weights"], given["white/weights"])
    assert (found["conv/weights"] != given["conv/weights"]).any()


def test_a_dry_run_has_its_images_too(train: Train, whitened: Path) -> None:
    code, out, _ = train("--dry-run")
    assert code == 0
    assert "Dry run" in out
    assert list(whitened.parent.iterdir()) == [whitened]


@pytest.mark.parametrize("kind", ["evaluate", "predict", "inspect"])
def test_other_commands_need_no_images(
    train: Train, whitened: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    train("--quiet")
    sample = whitened.with_name("sample.npy")
    np.save(sample, load("digits").x_test[0])
    more = {"predict": [str(sample)], "inspect": ["--weights", str(whitened.with_suffix(".npz"))]}.get(kind, [])
    assert main([kind, str(whitened), *more]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    if kind == "inspect":
        assert "patch_whitening" in shown.out


def test_a_layer_that_is_not_trained_at_all_keeps_its_first_values(
    train: Train, document: Path, small: dict[str, Any]
) -> None:
    small["layers"][0]["trainable"] = False
    small["layers"][1]["trainable"] = {"gamma": False}
    document.write_text(json.dumps(small))
    assert train("--quiet")[0] == 0
    found = arrays(document.with_suffix(".npz"))
    assert (found["hidden/biases"] == 0).all()
    assert (found["norm/gamma"] == 1).all()
    assert (found["norm/beta"] != 0).all()
    assert (found["norm/running_mean"] != 0).all()


@pytest.mark.usefixtures("trained")
def test_starting_from_weights_reports_both_ways(train: Train, document: Path, small: dict[str, Any]) -> None:
    weights = document.with_suffix(".npz")
    small["layers"][0]["name"] = "first"
    document.write_text(json.dumps(small))
    code, out, _ = train("--init-from", weights, "--dry-run")
    assert code == 0
    assert f"{weights}: 6 of 8 parameters of the network taken from it" in out
    assert '  "first/weights" is in the network, not in the file' in out
    assert '  "hidden/weights" is in the file, not in the network' in out
    small["layers"][0]["name"] = "hidden"
    document.write_text(json.dumps(small))
    _, out, _ = train("--init-from", weights, "--dry-run", "--quiet")
    assert float(out.partition("loss ")[2].split(",")[0]) < 0.5  # it knows the digits already


def test_starting_from_weights_of_another_network_is_an_error(train: Train, tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", a=np.zeros(3, np.float32))
    code, _, err = train("--init-from", tmp_path / "other.npz")
    assert code == 2
    assert "nothing in it fits the network" in err


def test_weights_to_start_from_are_checked_before_the_data(
    train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training.TrainingData, "load", None)  # it may have to download them
    code, _, err = train("--init-from", tmp_path / "none.npz")
    assert code == 2
    assert "none.npz: no such file" in err


def test_what_is_known_at_once_is_refused_before_the_table(train: Train, document: Path) -> None:
    for options in (
        ("--output", "x"),
        ("--resume", "7"),
        ("--resume",),
        ("--init-from", document.with_name("none.npz")),
    ):
        code, out, err = train(*options)
        assert (code, out, len(err.splitlines())) == (2, "", 1)
    document.with_suffix(".npz").write_text("mine")
    assert train()[:2] == (2, "")
