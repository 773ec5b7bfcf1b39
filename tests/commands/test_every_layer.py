"""A document with every layer, and each optimizer in turn, trained as a user does."""

import json
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.optimizers.base import OPTIMIZERS

EXAMPLES: dict[str, Any] = runpy.run_path(str(Path(__file__).parents[1] / "examples.py"))
IMAGE, VECTOR = (1, 8, 8), (10,)
LIMIT, STEPS = 200, 4  # of which 180 samples are trained on, 50 at a time


@pytest.fixture
def network(document: Path) -> Path:
    """A document for digits with every layer except blocks, each once; the weights of the last start at 0."""
    images, vectors = EXAMPLES["layers_for"](IMAGE), EXAMPLES["layers_for"](VECTOR)
    before = [name for name, layer in images.items() if len(layer.output_shape(IMAGE)) == 3 and name != "Softmax"]
    before.sort(key=lambda name: -len(images[name].parameters(IMAGE)))  # PReLU learns only where numbers are negative
    after = [name for name in vectors if name not in {*before, "Flatten", "Softmax"}]
    values = json.loads(document.read_text(encoding="utf-8"))
    layers = [{"type": name, **EXAMPLES["required_settings"]("layer", name)} for name in (*before, "Flatten", *after)]
    head = {"type": "Dense", "name": "head", "units": 10, "initializer": {"type": "constant"}}
    values |= {
        "input": {"shape": IMAGE},
        "layers": [*layers, {"type": "Tanh"}, head, {"type": "Softmax"}],  # two Dense in a row would be noted
        "training": {"epochs": 1, "batch_size": 50},
    }
    document.write_text(json.dumps(values), encoding="utf-8")
    return document


def test_every_layer_in_a_separate_process(network: Path, python: Callable[..., Any]) -> None:
    values = json.loads(network.read_text(encoding="utf-8"))
    values["optimizer"] = {"type": "Lion", "learning_rate": 0.01}
    network.write_text(json.dumps(values), encoding="utf-8")
    shown = python("tools/inspect.py", network)
    assert "slopes from 0.25" in shown.stdout
    assert "10 units, constant" in shown.stdout
    ran = python("tools/train.py", network, "--limit", str(LIMIT), "--threads", "1")
    assert (ran.returncode, ran.stderr) == (0, "")
    with np.load(network.with_suffix(".npz")) as weights:
        slopes, head = weights["prelu_1/slopes"], weights["head/weights"]
    assert 0 < np.abs(slopes - 0.25).max() <= STEPS * 0.01 + 1e-6
    assert 0 < np.abs(head).max() <= STEPS * 0.01 + 1e-6


@pytest.mark.parametrize("optimizer", [name for name, one in OPTIMIZERS.built_in().items() if not one.by_matrix])
def test_every_optimizer(optimizer: str, train: Callable[..., Any], document: Path) -> None:
    values = json.loads(document.read_text(encoding="utf-8"))
    values["optimizer"] = {"type": optimizer, **EXAMPLES["other_settings"]("optimizer", optimizer)}
    document.write_text(json.dumps({**values, "training": {"epochs": 1}}), encoding="utf-8")
    code, out, err = train("--limit", str(LIMIT), "--threads", "1")
    assert (code, err) == (0, "")
    assert "Final validation loss" in out or "Final test loss" in out
