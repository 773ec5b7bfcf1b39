"""Ten steps of training of every shipped document are those of PyTorch, on random data of the document's shape."""

import json
import runpy
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.graph.graph import Graph
from graphnn.graph.initialisation import initialise
from graphnn.types import Array

FOLDER = Path(__file__).parent
MODELS = Path(__file__).parents[2] / "models"
NETWORKS: dict[str, Any] = runpy.run_path(str(FOLDER / "networks.py"))
ORDINARY = ("digits", "mnist", "mnist_cnn", "mnist_record")
BATCH_SIZE, EPOCHS, STEPS = 8, 3.3, 10  # three steps an epoch
RUNS = 8  # in float32, at most: of so many inputs of ReLUs, some are near the kink


@cache
def comparison() -> dict[str, Any]:
    pytest.importorskip("torch")
    return runpy.run_path(str(FOLDER / "comparison.py"))


def shortened(name: str) -> dict[str, Any]:
    """Return the values of a document for ten steps in small batches, without the augmentation of its images.

    The learning rates shrink with the batches: with those for ten times as many samples, rounding errors would grow to
    the size of the weights.
    """
    values: dict[str, Any] = json.loads((MODELS / f"{name}.json").read_text(encoding="utf-8"))
    values["data"].pop("augment", None)
    optimizer, groups = values["optimizer"], values["optimizer"].get("groups", ())
    for section in (optimizer, *(group["optimizer"] for group in groups if "optimizer" in group)):
        section["learning_rate"] *= BATCH_SIZE / values["training"]["batch_size"]
    values["training"] |= {"batch_size": BATCH_SIZE, "epochs": EPOCHS, "drop_last": False}
    return values


def first_values(graph: Graph, number: int) -> dict[str, Array]:
    """Return the document's own first values, in numbers that float32 holds."""
    x = NETWORKS["samples"](graph, 3 * BATCH_SIZE, number)[0]
    parameters = initialise(graph, number, np.float64, images=(x - x.mean()) / x.std())
    return {name: array.astype(np.float32) for name, array in parameters.named().items()}


DOCUMENTS = sorted(file.stem for file in MODELS.glob("*.json"))


@pytest.mark.parametrize(
    "name", [pytest.param(each, marks=[] if each in ORDINARY else pytest.mark.long) for each in DOCUMENTS]
)
def test_ten_steps_are_those_of_pytorch(name: str, tmp_path: Path) -> None:
    module = comparison()
    counts = (3 * BATCH_SIZE - 1, BATCH_SIZE)
    case = module["case"](tmp_path, shortened(name), first_values, NETWORKS["samples"], counts, 1)
    exact = case.theirs(np.float64)
    assert len(exact["training loss"]) == -(-STEPS // 3)
    module["compare"](case, exact, RUNS)
