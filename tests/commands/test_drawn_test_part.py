"""A drawn test part stays that of the training, so that no weights are measured on what they were trained on."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.types import Array


def npz(folder: Path, x: Array, y: Array) -> dict[str, Any]:
    """Write the samples as arrays without a test part, and return the section `data`."""
    np.savez(folder / "own.npz", x=x, y=y)
    return {"dataset": "npz", "path": "own.npz"}


def csv(folder: Path, x: Array, y: Array) -> dict[str, Any]:
    """Write the samples as a table, and return the section `data`."""
    rows = [f"{a},{b},{'cat' if label else 'dog'}" for (a, b), label in zip(x.tolist(), y.tolist(), strict=True)]
    (folder / "own.csv").write_text("\n".join(["a,b,kind", *rows]), "utf-8")
    return {"dataset": "csv", "path": "own.csv", "target": "kind"}


def images(folder: Path, x: Array, y: Array) -> dict[str, Any]:
    """Write the samples as pictures of two pixels, and return the section `data`."""
    image = pytest.importorskip("PIL.Image")
    for number, (pixels, label) in enumerate(zip(x, y, strict=True)):
        own = folder / "own" / ("cat" if label else "dog")
        own.mkdir(parents=True, exist_ok=True)
        image.fromarray((100 + 20 * pixels).clip(0, 255).astype(np.uint8).reshape(1, 2)).save(own / f"{number}.png")
    return {"dataset": "images", "path": "own", "size": [1, 2], "color": "grey"}


@pytest.mark.parametrize("written", [npz, csv, images], ids=lambda one: one.__name__)
def test_it_is_that_of_the_training_whatever_the_document_says_now(
    written: Callable[[Path, Array, Array], dict[str, Any]],
    graphnn: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GRAPHNN_DATA", str(tmp_path / "cache"))
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 200)
    x = rng.standard_normal((200, 2)) + y[:, None]
    shape = [1, 1, 2] if written is images else [2]
    flatten = [{"type": "Flatten"}] if written is images else []
    values = {
        "input": {"shape": shape},
        "layers": [*flatten, {"type": "Dense", "units": 2}, {"type": "Softmax"}],
        "loss": {"type": "CrossEntropy"},
        "optimizer": {"type": "Adam"},
        "data": {**written(tmp_path, x, y), "seed": 1, "validation_split": 0.2},
        "training": {"epochs": 1, "batch_size": 20},
    }
    spec = tmp_path / "net.json"
    spec.write_text(json.dumps(values), "utf-8")
    assert graphnn("train", spec, "--quiet").returncode == 0
    plain = graphnn("evaluate", spec, "--format", "json")
    assert "the test part is that of the training" not in plain.stderr
    other = graphnn("evaluate", spec, "--format", "json", "--set", "data.seed=7", "--set", "data.test_split=0.4")
    assert other.stdout == plain.stdout
    assert "the test part is that of the training of the weights: data.seed 1\n" in other.stderr
    assert json.loads(plain.stdout)["samples"] == 40
    start = ("--init-from", tmp_path / "net.npz", "--quiet", "--dry-run")
    assert "its test part was drawn otherwise" not in graphnn("train", spec, *start).stderr
    drawn = graphnn("train", spec, *start, "--set", "data.seed=7")
    assert drawn.returncode == 0
    assert "its test part was drawn otherwise" in drawn.stderr
