"""How inputs are normalised where a document does not say it: vectors per feature, images per channel."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn import CrossEntropy, Dense, Model, SGDMomentum, Softmax
from graphnn.commands.main import main
from graphnn.datasets.preparation import Normalisation
from graphnn.runs.store import RunStore
from graphnn.specification.spec import spec_from_values
from graphnn.storage.weights import load_weights
from graphnn.types import Array

Run = Callable[..., tuple[int, str]]
DOCUMENT: dict[str, Any] = {
    "input": {"shape": [3]},
    "layers": [{"type": "Dense", "units": 16}, {"type": "ReLU"}, {"type": "Dense", "units": 2}, {"type": "Softmax"}],
    "loss": {"type": "CrossEntropy"},
    "optimizer": {"type": "Adam", "learning_rate": 0.01},
    "data": {"dataset": "npz", "path": "d.npz", "seed": 0},
    "training": {"epochs": 30, "batch_size": 32, "seed": 1},
}


def households(count: int = 800) -> tuple[Array, Array]:
    """Return age, income and number of children of households, and labels that hang on the small numbers."""
    draws = np.random.default_rng(3)
    age, children = draws.uniform(18, 80, count), draws.integers(0, 6, count)
    x = np.stack([age, draws.normal(60_000, 25_000, count), children], axis=1).astype(np.float32)
    return x, ((age - 49) / 15 + (children - 2.5) > 0).astype(np.int64)


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in a folder with net.json and d.npz, and return its exit code and errors."""
    monkeypatch.chdir(tmp_path)
    Path("net.json").write_text(json.dumps(DOCUMENT, indent=1))
    x, y = households()
    np.savez("d.npz", x_train=x[:600], y_train=y[:600], x_test=x[600:], y_test=y[600:])

    def run(*arguments: str) -> tuple[int, str]:
        code = main(list(arguments))
        return code, capsys.readouterr().err

    return run


def test_a_table_of_numbers_of_all_sizes_is_learnt(run: Run) -> None:
    assert run("train", "net.json", "--quiet") == (0, "")
    meta = load_weights("net.npz").meta
    assert meta["metrics"]["test"]["accuracy"] >= 0.985
    assert meta["normalisation"]["mode"] == "per_feature"
    assert run("evaluate", "net.json") == (0, "")


def test_images_are_normalised_per_channel_where_they_are_flattened_too(run: Run) -> None:
    x, y = households()
    x = x.reshape(-1, 1, 1, 3)
    np.savez("d.npz", x_train=x[:600], y_train=y[:600], x_test=x[600:], y_test=y[600:])
    assert run("train", "net.json", "--quiet", "--limit", "50")[0] == 0
    assert load_weights(RunStore(Path("net.runs")).runs()[-1].weights).meta["normalisation"]["mode"] == "per_channel"


@pytest.mark.parametrize(
    ("dataset", "shape", "mode"),
    [
        ("digits", [64], "per_channel"),
        ("mnist", [1, 28, 28], "per_channel"),
        ("npz", [3, 4, 4], "per_channel"),
        ("npz", [48], "auto"),
    ],
)
def test_what_is_known_from_the_document_alone_is_resolved(dataset: str, shape: list[int], mode: str) -> None:
    for written in ({}, {"normalize": "auto"}):
        data = {"dataset": dataset, **({"path": "d.npz"} if dataset == "npz" else {}), **written}
        spec = spec_from_values({**DOCUMENT, "input": {"shape": shape}, "data": data})
        assert spec.resolved()["data"]["normalize"] == mode


def older(run: Run, mode: str) -> None:
    """Leave a run as an older version did, whose default was "per_channel"."""
    text = Path("net.json").read_text()
    Path("net.json").write_text(text.replace('"seed": 0', f'"seed": 0, "normalize": "{mode}"'))
    assert run("train", "net.json", "--quiet", "--set", "training.epochs=2")[0] == 0
    Path("net.json").write_text(text)


def test_an_older_run_of_vectors_never_goes_on_with_other_constants(run: Run) -> None:
    older(run, "per_channel")
    code, err = run("train", "net.json", "--quiet", "--resume", "--set", "training.epochs=3")
    assert code == 2
    assert 'data.normalize: "per_channel" at the start, "auto" now: which is "per_feature" here' in err
    assert 'write "normalize": "per_channel" in data' in err
    resumed = ("train", "net.json", "--quiet", "--resume", "--set", "training.epochs=3")
    assert run(*resumed, "--set", "data.normalize=per_channel")[0] == 0
    code, err = run("evaluate", "net.json")
    assert (code, "per_channel" in err) == (0, True)
    assert load_weights("net.npz").meta["normalisation"]["mode"] == "per_channel"


def test_a_run_goes_on_where_the_mode_is_the_same_in_other_words(run: Run) -> None:
    older(run, "per_feature")
    assert run("train", "net.json", "--quiet", "--resume", "--set", "training.epochs=3")[0] == 0
    code, err = run("evaluate", "net.json", "--set", "training.epochs=3")
    assert (code, err) == (0, "")


def test_auto_in_python() -> None:
    x, y = households()
    model = Model(CrossEntropy(), SGDMomentum(0.05), normalize="auto")
    model.add(Dense(2, input_shape=(3,)))
    model.add(Softmax())
    model.fit(x, y, epochs=10)
    assert model.evaluate(x, y)["accuracy"] > 0.97
    assert model._normalisation == Normalisation.fit(x, "per_feature")
