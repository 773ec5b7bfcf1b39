"""Documents with defaults, blocks and repetitions: trained as what they stand for, and with weights that still fit."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.storage.weights import load_weights

Run = Callable[..., Any]
BLOCKS = {
    "conv": {
        "parameters": ["filters"],
        "optional": {"strides": 1},
        "layers": [
            {"type": "Conv2D", "filters": "$filters", "strides": "$strides"},
            {"type": "BatchNormalization"},
            {"type": "Dropout", "rate": 0.1},
            {"type": "LeakyReLU"},
        ],
    }
}
DEFAULTS = {"Conv2D": {"use_bias": False, "initializer": "glorot_normal"}, "LeakyReLU": {"negative_slope": 0.2}}
LAYERS: list[dict[str, Any]] = [
    {"type": "conv", "filters": 4},
    {
        "type": "Repeat",
        "times": 2,
        "layers": [{"type": "Residual", "name": "step", "layers": [{"type": "conv", "name": "in", "filters": 4}]}],
    },
    {"type": "conv", "name": "last", "filters": 8, "strides": 2},
    {"type": "GlobalAveragePooling"},
    {"type": "Dense", "units": 10},
    {"type": "Softmax"},
]
FEW = ("--limit", "200", "--set", "training.epochs=2", "--quiet")


@pytest.fixture
def short(document: Path, small: dict[str, Any]) -> Path:
    """The document of the other tests, with another network that is written short."""
    small |= {"input": {"shape": [1, 8, 8]}, "blocks": BLOCKS, "defaults": DEFAULTS, "layers": LAYERS}
    small["optimizer"]["groups"] = [{"match": "in.*/weights", "learning_rate_scale": 0.5}]
    document.write_text(json.dumps(small), encoding="utf-8")
    return document


def arrays(document: Path) -> dict[str, Any]:
    return load_weights(document.with_suffix(".npz")).arrays


def test_a_short_document_trains_to_the_bits_of_the_expanded_one(short: Path, graphnn: Run) -> None:
    expanded = short.with_name("expanded.json")
    expanded.write_text(graphnn("inspect", short, "--expand").stdout, encoding="utf-8")
    assert not {"blocks", "defaults"} & json.loads(expanded.read_text(encoding="utf-8")).keys()
    for file in (short, expanded):
        assert graphnn("train", file, *FEW).returncode == 0
    first, second = arrays(short), arrays(expanded)
    assert first.keys() == second.keys() >= {"in.2.conv2d_1/weights", "last.batchnormalization_1/running_mean"}
    assert all(first[name].tobytes() == second[name].tobytes() for name in first)
    figures = [
        graphnn("evaluate", file, "--format", "csv").stdout.replace(file.stem, "net") for file in (short, expanded)
    ]
    assert figures[0] == figures[1]


def test_weights_of_the_first_repetitions_are_taken_where_there_are_more(short: Path, graphnn: Run) -> None:
    assert graphnn("train", short, *FEW).returncode == 0
    before = arrays(short)
    deeper = short.with_name("deeper.json")
    deeper.write_text(short.read_text(encoding="utf-8").replace('"times": 2', '"times": 3'), encoding="utf-8")
    start = ("--init-from", short.with_suffix(".npz"), "--limit", "200", "--quiet", "--set", "training.epochs=1")
    done = graphnn("train", deeper, *start, "--set", "optimizer.learning_rate=1e-30")
    assert done.returncode == 0, done.stderr
    after = arrays(deeper)
    new = after.keys() - before.keys()
    assert {name.partition("/")[0] for name in new} == {"in.3.conv2d_1", "in.3.batchnormalization_1"}
    order = [name for name in after if name.startswith("in.") and name.endswith("/weights")]
    assert order == [f"in.{number}.conv2d_1/weights" for number in (1, 2, 3)]
    trained = [name for name in before if "/running_" not in name]
    assert all(np.array_equal(before[name], after[name]) for name in trained)


def test_a_stop_and_a_change_of_threads_change_no_bit(short: Path, graphnn: Run) -> None:
    assert graphnn("train", short, *FEW, "--threads", "2").returncode == 0
    whole = arrays(short)
    assert graphnn("train", short, *FEW[:2], "--quiet", "--set", "training.epochs=1").returncode == 0
    assert graphnn("train", short, *FEW[:2], "--quiet", "--resume", "--set", "training.epochs=2").returncode == 0
    resumed = load_weights(short.with_suffix(".runs") / "0003" / "weights.npz").arrays
    assert all(whole[name].tobytes() == resumed[name].tobytes() for name in whole)
