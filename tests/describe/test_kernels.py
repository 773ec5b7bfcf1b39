"""The kernels that train a document: compiled ones where its whole training is work enough for compiling to pay."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.describe.kernels import document_kernels
from graphnn.engine.plan import training_work
from graphnn.graph.build import build_graph
from graphnn.kernels import choice
from graphnn.specification.spec import read_spec

MODELS = Path(__file__).parents[2] / "models"


@pytest.fixture(autouse=True)
def numba_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """numba as if it were installed; nothing is computed."""
    monkeypatch.setattr(choice, "find_spec", lambda name: name == "numba")


def chosen(document: str, *overrides: str, **known: Any) -> str:
    spec = read_spec(MODELS / f"{document}.json", overrides=overrides)
    return document_kernels(spec, build_graph(spec), **known).name


@pytest.mark.parametrize(
    ("name", "expected"),
    [("digits", "numpy"), ("mnist", "numpy"), ("mnist_cnn", "numba"), ("cifar10_quick", "numba"), ("cifar10", "numba")],
)
def test_the_networks_of_the_checkout(name: str, expected: str) -> None:
    """digits takes 2 s with numpy; mnist has no images, so that there is nothing to compile."""
    assert chosen(name) == expected


def test_more_work_and_a_try() -> None:
    assert chosen("digits", "training.epochs=1000") == "numba"
    assert chosen("cifar10", limit=100) == "numpy"
    assert chosen("cifar10", limit=10**6) == "numba"
    assert chosen("digits", name="numba") == "numba"


def test_data_of_ones_own(tmp_path: Path) -> None:
    """The number of samples is read from the file's header, or else is that of the loaded data."""
    values = json.loads((MODELS / "mnist_cnn.json").read_text())
    values["data"] = {"dataset": "npz", "path": str(tmp_path / "own.npz")}
    file = tmp_path / "own.json"
    file.write_text(json.dumps(values))
    spec = read_spec(file)
    graph = build_graph(spec)
    assert document_kernels(spec, graph).name == "numba"  # there is no such file
    assert document_kernels(spec, graph, loaded=100).name == "numpy"
    assert document_kernels(spec, graph, loaded=60_000).name == "numba"
    for count, expected in ((100, "numpy"), (5000, "numba")):
        x, y = np.zeros((count, 1, 28, 28), np.uint8), np.zeros(count, np.int64)
        np.savez(tmp_path / "own.npz", x_train=x, y_train=y, x_test=x[:1], y_test=y[:1])
        assert document_kernels(spec, graph).name == expected


def test_the_work_of_a_training() -> None:
    spec = read_spec(MODELS / "mnist.json")
    graph = build_graph(spec)
    layers = 784 * 256 + 256 * 128 + 128 * 10
    numbers = 256 + 256 + 128 + 128 + 10 + 10
    assert training_work(graph, 7, 2.5) == 2.5 * 7 * (3 * layers + 32 * numbers)
