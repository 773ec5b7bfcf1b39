"""Autoencoders: networks whose targets are their own inputs, with every command."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.storage.weights import load_weights, save_weights

Train = Callable[..., tuple[int, str, str]]
Run = Callable[..., "subprocess.CompletedProcess[str]"]
SHARES = [{"type": "Dense", "units": 64}, {"type": "Sigmoid"}]


@pytest.fixture
def autoencoder(document: Path, small: dict[str, Any]) -> dict[str, Any]:
    """The values of a small autoencoder of digits, which is the document."""
    small["layers"] = [{"type": "Dense", "units": 8}, {"type": "ReLU"}, *SHARES]
    small["loss"] = {"type": "BinaryCrossEntropy"}
    small["data"] = {"dataset": "digits", "targets": "inputs", "normalize": "unit", "seed": 1}
    document.write_text(json.dumps(small))
    return small


def bits(weights: Path) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in load_weights(weights).arrays.items()}


def test_figures_are_those_of_the_loss(autoencoder: dict[str, Any], train: Train, graphnn: Run, document: Path) -> None:
    code, out, err = train()
    assert (code, err) == (0, "")
    assert "accuracy" not in out
    meta = load_weights(document.with_suffix(".npz")).meta
    assert set(meta["metrics"]["test"]) == {"loss"}
    assert meta["classes"] is None
    for part in ("test", "validation", "train"):
        shown = graphnn("evaluate", document, "--split", part, "--format", "json")
        assert (shown.returncode, shown.stderr) == (0, "")
        loss = json.loads(shown.stdout)["loss"]
        if part == "test":
            assert loss == pytest.approx(meta["metrics"]["test"]["loss"], rel=1e-5)
    np.save(document.with_name("x.npy"), np.arange(128).reshape(2, 64) % 17)
    shown = graphnn("predict", document, document.with_name("x.npy"), "--format", "json")
    assert [len(each["values"]) for each in json.loads(shown.stdout)] == [64, 64]
    shown = graphnn("compare", document, "--test", "--format", "json", "--output", document.with_name("c"))
    assert shown.returncode == 0
    assert json.loads(shown.stdout)


def test_predictions_are_in_the_values_of_the_data(
    autoencoder: dict[str, Any], train: Train, graphnn: Run, document: Path
) -> None:
    """Weights of 1 give back the normalised input, and so, in the values of the data, the input itself."""
    x = np.random.default_rng(0).normal(50, 9, (40, 3)).astype(np.float32)
    rows = [f"{a},{b},{c},{'cat' if a > 50 else 'dog'}" for a, b, c in x.tolist()]
    document.with_name("own.csv").write_text("\n".join(["a,b,c,kind", *rows]))
    np.save(document.with_name("x.npy"), x)
    autoencoder |= {"input": {"shape": [3]}, "loss": {"type": "MeanSquaredError"}}
    autoencoder["layers"] = [{"type": "Dense", "name": "out", "units": 3}]
    autoencoder["data"] = {"dataset": "csv", "path": "own.csv", "target": "kind", "targets": "inputs"}
    document.write_text(json.dumps(autoencoder))
    assert train("--quiet", "--set", "training.epochs=1")[0] == 0
    weights = document.with_suffix(".npz")
    file = load_weights(weights)
    arrays = {
        name: np.eye(3, dtype=np.float32) if each.ndim == 2 else np.zeros(3, np.float32)
        for name, each in file.arrays.items()
    }
    save_weights(weights, arrays, file.meta)
    shown = graphnn("predict", document, document.with_name("own.csv"), "--format", "json")
    found = [each["predictions"] for each in json.loads(shown.stdout)]
    assert list(found[0]) == ["predicted a", "predicted b", "predicted c"]
    np.testing.assert_allclose([list(each.values()) for each in found], x, rtol=1e-5)
    shown = graphnn("predict", document, document.with_name("x.npy"), "--format", "json")
    np.testing.assert_allclose([each["values"] for each in json.loads(shown.stdout)], x, rtol=1e-5)


def test_the_loss_is_that_of_the_same_targets_given(autoencoder: dict[str, Any], train: Train, document: Path) -> None:
    """Whole batches of the file's x as y, which `targets` spares, give the same bits."""
    rng = np.random.default_rng(0)
    x = {part: rng.normal(0.5, 0.1, (count, 64)).astype(np.float32) for part, count in (("train", 90), ("test", 30))}
    autoencoder["layers"], autoencoder["loss"] = [{"type": "Dense", "units": 64}], {"type": "MeanSquaredError"}
    found = []
    for targets in ({}, {"targets": "inputs"}):
        labels = {f"y_{part}": each for part, each in x.items()} if not targets else {}
        np.savez(document.with_name("own.npz"), **{f"x_{part}": each for part, each in x.items()}, **labels)  # type: ignore[arg-type]
        autoencoder["data"] = {"dataset": "npz", "path": "own.npz", "normalize": "none", "seed": 1, **targets}
        document.write_text(json.dumps(autoencoder))
        weights = document.with_name(f"{len(found)}.npz")
        code, _, err = train("--quiet", "--output", weights)
        assert (code, err) == (0, "")
        found.append((bits(weights), load_weights(weights).meta["metrics"]))
    assert found[0] == found[1]


def test_a_resumed_run_has_the_bits_of_a_whole_one(autoencoder: dict[str, Any], train: Train, document: Path) -> None:
    shape, network = [1, 8, 8], [{"type": "Conv2D", "filters": 2}, {"type": "ReLU"}, {"type": "Conv2D", "filters": 1}]
    autoencoder |= {"input": {"shape": shape}, "layers": network, "loss": {"type": "MeanSquaredError"}}
    autoencoder["data"]["augment"] = [{"type": "RandomTranslate", "pixels": 1}, {"type": "Cutout", "size": 3}]
    autoencoder["optimizer"] = {"type": "Adam"}
    document.write_text(json.dumps(autoencoder))
    assert train("--quiet", "--set", "training.epochs=2")[0] == 0
    assert train("--quiet", "--resume")[0] == 0
    resumed = bits(document.with_suffix(".npz"))
    whole = document.with_name("whole.npz")
    assert train("--quiet", "--output", whole, "--threads", "2")[0] == 0
    assert bits(whole) == resumed


def test_a_limit_says_nothing_of_classes(autoencoder: dict[str, Any], train: Train) -> None:
    code, out, err = train("--limit", "7", "--set", "training.batch_size=4")
    assert (code, "--limit 7: 7 samples of the training part.\n" in out) == (0, True)
    assert "classes" not in err


@pytest.mark.parametrize("keys", [["x"], ["x_train"], ["x_train", "x_test"]])
def test_own_arrays_need_no_labels(autoencoder: dict[str, Any], train: Train, document: Path, keys: list[str]) -> None:
    x = np.random.default_rng(0).integers(0, 256, (60, 1, 8, 8), dtype=np.uint8)
    np.savez(document.with_name("own.npz"), **{key: np.roll(x, at) for at, key in enumerate(keys)})  # type: ignore[arg-type]
    autoencoder["data"] |= {"dataset": "npz", "path": "own.npz"}
    document.write_text(json.dumps(autoencoder))
    code, _, err = train("--quiet", "--set", "training.batch_size=16")
    assert code == 0
    assert ("12 of its 60 samples are held out" in err) == (len(keys) == 1)
    assert len(err.splitlines()) == (len(keys) == 1)


def test_shares_are_compared_with_inputs_in_the_unit_range_only(
    autoencoder: dict[str, Any], train: Train, document: Path
) -> None:
    x = np.random.default_rng(0).random((60, 64))
    autoencoder["data"] |= {"dataset": "npz", "path": "own.npz", "normalize": "none"}
    document.write_text(json.dumps(autoencoder))
    np.savez(document.with_name("own.npz"), x_train=x, x_test=x)
    assert train("--quiet")[0] == 0
    np.savez(document.with_name("own.npz"), x_train=x, x_test=x + 1.5)
    code, _, err = train("--quiet")
    assert code == 2
    assert "own: x_test runs from 1.5" in err
    assert 'but BinaryCrossEntropy needs inputs in 0…1; write "unit"' in err


def test_a_bounded_layer_behind_centred_inputs_is_told(
    autoencoder: dict[str, Any], graphnn: Run, document: Path
) -> None:
    changes = ("--set", "loss.type=MeanSquaredError", "--set", "data.normalize=per_feature")
    shown = graphnn("inspect", document, *changes)
    assert shown.returncode == 0
    assert (
        'layers[3]: Sigmoid gives 0…1, but the inputs, which are the targets, are normalised "per_feature"'
        in shown.stderr
    )


def test_images_of_digits_may_be_mirrored(autoencoder: dict[str, Any], graphnn: Run, document: Path) -> None:
    autoencoder |= {"input": {"shape": [1, 8, 8]}, "layers": [{"type": "Flatten"}, *SHARES]}
    autoencoder["data"]["augment"] = [{"type": "RandomFlip"}]
    document.write_text(json.dumps(autoencoder))
    shown = graphnn("inspect", document)
    assert (shown.returncode, shown.stderr) == (0, "")


def test_constant_pixels_are_told_where_they_spoil_a_figure(
    autoencoder: dict[str, Any], train: Train, graphnn: Run, document: Path
) -> None:
    autoencoder["loss"] = {"type": "MeanSquaredError"}
    document.write_text(json.dumps(autoencoder))
    assert train("--quiet")[0] == 0
    assert "the target of output 0 and 8 more is the same in all 360 samples" in graphnn("evaluate", document).stderr
