"""Networks that are trained here and in Keras, by each optimizer."""

import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from graphnn.exporting.agreement import agreement
from graphnn.exporting.trained_network import TrainedNetwork
from graphnn.runs.reading import DocumentSource
from graphnn.runs.trained import load_trained
from graphnn.types import Array
from tests.conftest import Run
from tests.exporting.keras.keras_networks import channels_last, export

LAYERS: list[dict[str, Any]] = [
    {"type": "Conv2D", "name": "conv", "filters": 4, "strides": 2, "use_bias": False},
    {"type": "BatchNormalization", "name": "norm"},
    {"type": "PReLU"},
    {"type": "Residual", "layers": [{"type": "Conv2D", "filters": 4}, {"type": "LayerNormalization"}]},
    {"type": "Flatten"},
    {"type": "Dense", "name": "frozen", "units": 6, "trainable": False},
    {"type": "Tanh"},
    {"type": "Dense", "units": 3},
    {"type": "Softmax"},
]
OPTIMIZERS: dict[str, dict[str, Any]] = {
    "sgd": {"type": "SGD", "learning_rate": 0.05, "weight_decay": 0.1},
    "clipped": {"type": "SGD", "learning_rate": 0.1, "clip_norm": 0.1},
    "momentum": {"type": "SGDMomentum", "learning_rate": 0.05, "momentum": 0.8, "weight_decay": 0.1},
    "nesterov": {"type": "SGDMomentum", "nesterov": True, "weight_decay": 0.1, "decay_biases": True},
    "adam": {"type": "Adam", "weight_decay": 0.01},
    "adamw": {"type": "AdamW", "weight_decay": 0.1, "decay_biases": True},
    "rmsprop": {"type": "RMSprop"},
    "lion": {"type": "Lion", "learning_rate": 0.001},
}


ORDINARY = "nesterov"  # with momentum, and a decay that reaches biases


def train_in_both(folder: Path, graphnn: Run, names: Iterable[str]) -> tuple[Array, dict[str, TrainedNetwork]]:
    """Train networks for three steps, write them for Keras to go on, and return them after three steps more here.

    names: of the optimizers.
    """
    rng = np.random.default_rng(1)
    x, y = rng.normal(3, 2, (24, 2, 7, 6)).astype(np.float32), rng.integers(0, 3, 24)
    np.savez(folder / "data.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    trained = {}
    for name in names:
        values = {
            "input": {"shape": [2, 7, 6]},
            "layers": LAYERS,
            "loss": {"type": "CrossEntropy"},
            "optimizer": OPTIMIZERS[name],
            "data": {"dataset": "npz", "path": "data.npz", "validation_split": 0},
            "training": {"epochs": 3, "batch_size": 24},
        }
        file = folder / f"{name}.json"
        file.write_text(json.dumps(values), encoding="utf-8")
        assert graphnn("train", file, "--quiet").returncode == 0
        export(load(file), folder / f"{name}.keras")
        np.save(folder / f"{name}.x.npy", channels_last(x))
        np.save(folder / f"{name}.fit.npy", y)
        start = shutil.copy(file.with_suffix(".npz"), folder / f"{name}.0.npz")
        assert graphnn("train", file, "--quiet", "--init-from", start).returncode == 0
        trained[name] = load(file)
    return x, trained


def load(document: Path) -> TrainedNetwork:
    """Return a network that has been trained."""
    trained = load_trained(DocumentSource(document), None, "export")
    return TrainedNetwork.of(trained.spec, trained.graph, trained.parameters, trained.normalisation, trained.meta)


def check_training(x: Array, trained: Mapping[str, TrainedNetwork], folder: Path) -> None:
    """Assert that Keras has trained the networks as graphnn has, and left the same layers alone."""
    for name, network in trained.items():
        assert agreement(network, x, np.load(folder / f"{name}.y.npy")).difference < 1e-4, name
        assert (folder / f"{name}.frozen").read_text(encoding="utf-8") == "frozen"
