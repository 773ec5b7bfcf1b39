"""A document with residual blocks through every command."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Train = Callable[..., tuple[int, str, str]]

CONV = {"type": "Conv2D", "filters": 8, "use_bias": False}
NORM, RELU = {"type": "BatchNormalization"}, {"type": "ReLU"}
LAYERS: list[dict[str, Any]] = [
    CONV,
    NORM,
    RELU,
    {"type": "Residual", "name": "block1", "layers": [CONV, NORM, RELU, {"type": "Dropout", "rate": 0.1}, CONV, NORM]},
    RELU,
    {
        "type": "Residual",
        "layers": [{**CONV, "name": "down", "filters": 16, "strides": 2}, NORM, RELU, {**CONV, "filters": 16}, NORM],
        "shortcut": [{**CONV, "filters": 16, "kernel_size": 1, "strides": 2}, NORM],
    },
    RELU,
    {"type": "GlobalAveragePooling"},
    {"type": "Dense", "name": "output", "units": 10},
    {"type": "Softmax"},
]


@pytest.fixture
def blocks(document: Path, small: dict[str, Any]) -> Path:
    """The document of the other tests with other layers."""
    small["input"]["shape"], small["layers"] = [1, 8, 8], LAYERS
    document.write_text(json.dumps(small), encoding="utf-8")
    return document


def test_training_learns_and_evaluate_predict_and_inspect_take_the_weights(
    graphnn: Callable[..., Any], blocks: Path, tmp_path: Path
) -> None:
    trained = graphnn("train", blocks, "--set", "layers.down.kernel_size=5")
    assert trained.returncode == 0, trained.stderr
    (final,) = (line for line in trained.stdout.splitlines() if line.startswith("Final test accuracy: "))
    assert float(final.split()[-1].rstrip("%")) > 80
    same = ("--set", "layers[5].layers[0].kernel_size=5")
    evaluated = graphnn("evaluate", blocks, *same)
    assert final.split()[-1] in evaluated.stdout
    assert evaluated.stderr == ""  # of a document that is the same, no note
    np.save(tmp_path / "image.npy", np.zeros((1, 8, 8), np.float32))
    assert graphnn("predict", blocks, tmp_path / "image.npy", *same).returncode == 0
    inspected = graphnn("inspect", blocks, *same, "--weights", blocks.with_suffix(".npz"))
    assert inspected.returncode == 0
    assert "\ndown/weights " in inspected.stdout
    other = graphnn("evaluate", blocks)
    assert other.returncode == 2
    assert '"down/weights" is 16×8×3×3 in the network, 16×8×5×5 in the file' in other.stderr


def test_the_number_of_threads_and_a_stop_change_no_weight(train: Train, blocks: Path) -> None:
    found, runs = [], blocks.with_suffix(".runs")
    few = ("--limit", "400")
    for threads in (1, 2, 3):
        assert train(*few, "--threads", str(threads))[0] == 0
        found.append(blocks.with_suffix(".npz").read_bytes())
    assert train(*few, "--set", "training.epochs=2")[0] == 0
    assert train(*few, "--resume", "--set", "training.epochs=3")[0] == 0
    found.append((runs / "0005" / "weights.npz").read_bytes())
    assert len(set(found)) == 1
    with (runs / "0005" / "history.csv").open(encoding="utf-8") as stream:
        assert len(list(csv.DictReader(stream))) == 3


def test_a_run_with_another_layer_inside_is_not_resumed(train: Train, blocks: Path) -> None:
    few = ("--limit", "100", "--set", "training.epochs=1")
    train(*few)
    code, _, err = train(*few, "--resume", "--set", "layers[3].layers[3].rate=0.2")
    assert code == 2
    assert ".layers[3].rate: 0.1 at the start, 0.2 now" in err
