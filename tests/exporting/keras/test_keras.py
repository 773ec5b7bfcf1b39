"""Tests of the export to Keras, by Keras in a process of its own with warnings as errors: outputs, training, names."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.datasets.preparation import Normalisation
from graphnn.exporting.agreement import agreement
from graphnn.exporting.base import TARGETS, Exported, Exporter, ExportWishes
from graphnn.exporting.keras import outputs
from graphnn.exporting.trained_network import TrainedNetwork
from graphnn.runs.reading import DocumentSource
from graphnn.runs.trained import load_trained
from graphnn.types import Array
from tests.conftest import Run
from tests.exporting.keras.keras_networks import EVERY, document, network_of

CLOSE = 1e-5
STEP = 6
SCRIPT = Path(__file__).with_name("keras_process.py")
Process = Callable[[Path], None]


def export(network: TrainedNetwork, file: Path) -> Exported:
    target = TARGETS["keras"]
    assert isinstance(target, Exporter)
    target.check(network.graph)
    return target.write(network, file, ExportWishes())


def channels_last(x: Array) -> Array:
    return x.transpose(0, 2, 3, 1) if x.ndim == 4 else x


@pytest.fixture
def keras(tmp_path: Path) -> Process:
    """Run Keras on all files of a folder: see keras_process.py."""
    if find_spec("keras") is None or find_spec("torch") is None:  # importing Keras writes into the home folder
        pytest.skip("Keras runs with a backend, here torch")

    def run(folder: Path) -> None:
        home = tmp_path / "home"
        env = {**os.environ, "KERAS_BACKEND": "torch", "KERAS_HOME": str(home), "HOME": str(home)}
        done = subprocess.run([sys.executable, SCRIPT, folder], env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]
        assert (done.stdout, done.stderr) == ("", "")

    return run


def write(networks: Mapping[str, TrainedNetwork], folder: Path) -> dict[str, Array]:
    """Write networks into a folder with random samples, and return these."""
    samples = {}
    for name, network in networks.items():
        export(network, folder / f"{name}.keras")
        samples[name] = network.likely_samples(8)
        np.save(folder / f"{name}.x.npy", channels_last(samples[name]))
    return samples


def check_outputs(networks: Mapping[str, TrainedNetwork], samples: Mapping[str, Array], folder: Path) -> None:
    """Assert that Keras has said of samples what the networks say."""
    for name, network in networks.items():
        x, y = samples[name], np.load(folder / f"{name}.y.npy")
        found = agreement(network, x, y.transpose(0, 3, 1, 2) if y.ndim == 4 else y)
        assert found.difference <= CLOSE * max(1, np.abs(network.outputs(x)).max()), name
        assert found.same in (None, len(x)), name


def test_every_layer_with_every_setting_and_a_training(tmp_path: Path, graphnn: Run, keras: Process) -> None:
    """All in one process, because Keras takes seconds to start; trainings with other optimizers are long tests."""
    documents = {f"{number:03}": document(number, STEP) for number in range(STEP)}
    missing = [each for each in EVERY if not any(holds(values, *each) for values in documents.values())]
    assert missing == []
    networks = {name: network_of(values, number) for number, (name, values) in enumerate(documents.items())}
    numbers = {"layers": [{"type": "Scale", "factor": 1}], "loss": {"type": "MeanSquaredError"}}
    networks["flattened"] = network_of({**document(0), **numbers, "input": {"shape": [54]}}, 1, (2, 3, 9))
    wide = Normalisation("per_feature", (2,), (1e6 + 0.3, 0.1), (0.5, 1e-9))
    networks["wide"] = replace(network_of({**document(0), **numbers, "input": {"shape": [2]}}, 3), normalisation=wide)
    conv = {"type": "Conv2D", "filters": 2}  # weights of one shape, which Keras tells apart by their order alone
    branches = {"layers": [conv, {"type": "ReLU"}], "shortcut": [conv, {"type": "Tanh"}]}
    parallel = [{"type": "Residual", **branches}, {"type": "Flatten"}]
    networks["parallel"] = network_of({**document(0), **numbers, "layers": parallel, "input": {"shape": [2, 4, 4]}}, 3)
    taken = [
        {"type": "Tanh", "name": name} for name in ("gelu", "gelu_1", "sum", "divide")
    ]  # by operations without names
    smoothed = {"type": "CrossEntropy", "label_smoothing": 0.1}
    layers = [{"type": "GELU", "name": "first"}, *taken, {"type": "Softmax"}]
    networks["names"] = network_of({**document(0), "loss": smoothed, "layers": layers, "input": {"shape": [3]}}, 3)
    samples = write(networks, tmp_path)
    x, trained = train_in_both(tmp_path, graphnn, [ORDINARY])
    keras(tmp_path)
    check_outputs(networks, samples, tmp_path)
    check_training(x, trained, tmp_path)


@pytest.mark.long
def test_every_optimizer(tmp_path: Path, graphnn: Run, keras: Process) -> None:
    x, trained = train_in_both(tmp_path, graphnn, OPTIMIZERS)
    keras(tmp_path)
    check_training(x, trained, tmp_path)


def check_training(x: Array, trained: Mapping[str, TrainedNetwork], folder: Path) -> None:
    """Assert that Keras has trained the networks as graphnn has, and left the same layers alone."""
    for name, network in trained.items():
        assert agreement(network, x, np.load(folder / f"{name}.y.npy")).difference < 1e-4, name
        assert (folder / f"{name}.frozen").read_text(encoding="utf-8") == "frozen"


def holds(values: Any, kind: str, settings: Mapping[str, Any]) -> bool:
    """Whether a document has a layer of a type with these settings, and no others."""
    if isinstance(values, list):
        return any(holds(each, kind, settings) for each in values)
    if not isinstance(values, dict):
        return False
    own = {key: value for key, value in values.items() if key != "name"}
    return own == {"type": kind, **settings} or any(holds(each, kind, settings) for each in values.values())


@pytest.mark.long
@pytest.mark.parametrize("start", range(100, 1100, 100))
def test_random_networks(tmp_path: Path, keras: Process, start: int) -> None:
    networks = {str(number): network_of(document(number), number) for number in range(start, start + 100)}
    samples = write(networks, tmp_path)
    keras(tmp_path)
    check_outputs(networks, samples, tmp_path)


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


def test_names_are_those_of_the_document_as_far_as_keras_takes_them(tmp_path: Path) -> None:
    names = ["input", "block.conv 1", "é", "_", "block_conv_1"]
    layers = [{"type": "Dense", "units": 3, "name": name} for name in names]
    values = {**document(0), "name": "a network, named", "input": {"shape": [3]}, "layers": layers}
    export(network_of({**values, "loss": {"type": "MeanSquaredError"}}, 3), tmp_path / "a.keras")
    config = content(tmp_path / "a.keras", "config.json")["config"]
    assert config["name"] == "a_network_named"
    found = [each["name"] for each in config["layers"]]
    assert found == ["input", "input_1", "block_conv_1", "layer", "layer_1", "block_conv_1_1"]


def content(file: Path, name: str) -> Any:
    """Return a member of a file, read as JSON."""
    with zipfile.ZipFile(file) as archive:
        return json.loads(archive.read(name))


CLASSES = {
    **document(0),
    "name": "two classes",
    "input": {"shape": [3]},
    "layers": [{"type": "Dense", "units": 2}, {"type": "Softmax"}],
    "loss": {"type": "CrossEntropy"},
}


def test_the_file_says_what_it_is_of_and_has_the_same_bytes_each_time(tmp_path: Path) -> None:
    network = replace(network_of(CLASSES), class_names=("a", "é"), figures={"test": {"accuracy": 0.5}})
    for name in ("a", "b"):
        export(network, tmp_path / f"{name}.keras")
    first = (tmp_path / "a.keras").read_bytes()
    assert first == (tmp_path / "b.keras").read_bytes()
    assert TARGETS["keras"].is_own(first[:4096])
    about = {"name": "two classes", "classes": ["a", "é"], "figures": {"test": {"accuracy": 0.5}}}
    assert content(tmp_path / "a.keras", "metadata.json")["graphnn"] == about


BARE = {"scale": False, "center": False}


@pytest.mark.parametrize(
    ("settings", "trained"),
    [({}, True), ({"trainable": False}, False), (BARE, True), ({**BARE, "trainable": False}, False)],
)
def test_statistics_are_fixed_in_keras_where_they_are_here(
    tmp_path: Path, settings: dict[str, Any], trained: bool
) -> None:
    layers = [{"type": "BatchNormalization", **settings}, *CLASSES["layers"]]
    export(network_of({**CLASSES, "layers": layers}, 3), tmp_path / "a.keras")
    config = content(tmp_path / "a.keras", "config.json")["config"]
    (found,) = (each["config"] for each in config["layers"] if each["class_name"] == "BatchNormalization")
    assert found["trainable"] == trained


COMPILED = "compile_config"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"optimizer": {"type": "SGD", "schedule": {"type": "cosine"}}}, "keeps the learning rate at 0.01"),
        ({"loss": {"type": "CrossEntropy", "class_weights": [1, 2]}}, "give them to its fit as class_weight"),
        ({"optimizer": {"type": "AdamW"}}, "reaches biases"),
        ({"optimizer": {"type": "Adam", "epsilon": 0.1}}, "adds epsilon, 0.1, at another place"),
        (
            {"optimizer": {"type": "SGD", "weight_decay": 0.1, "clip_norm": 1}},
            "clips the gradient with the weight decay",
        ),
        ({"layers": {"trainable": {"weights": False}}}, "trained whole: dense_1"),
        ({"layers": {"trainable": {"biases": {"until_epoch": 1}}}}, "trained whole: dense_1"),
        ({"loss": {"type": "CrossEntropy", "label_smoothing": 0.1}}, "not compiled: its outputs are without"),
        (
            {"optimizer": {"type": "SGD", "groups": [{"match": "*", "learning_rate_scale": 2}]}},
            "not compiled: its optim",
        ),
    ],
)
def test_what_keras_does_not_train_alike_is_noted(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    layer = {"type": "Dense", "units": 2, **changes.get("layers", {})}
    layers = [layer, {"type": "Softmax"}]
    network = network_of({**CLASSES, "optimizer": {"type": "SGD"}, **changes, "layers": layers}, 3)
    notes = export(network, tmp_path / "a.keras").notes
    assert said in notes[0]
    assert (COMPILED in content(tmp_path / "a.keras", "config.json")) == ("not compiled" not in said)


@pytest.mark.long  # Keras takes seconds to start
def test_the_command_compares_the_file_by_keras_itself_and_leaves_its_settings(
    trained: Path, graphnn: Run, keras: Process, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    monkeypatch.setenv("HOME", str(tmp_path))
    found = graphnn("export", trained, "--to", "keras", "--format", "json")
    assert (found.returncode, found.stderr) == (0, "")
    report = json.loads(found.stdout)
    assert report["input"] == "N×8×8×1"
    assert report["compared"]["largest_difference"] < CLOSE
    assert report["compared"]["same_class"] == report["compared"]["samples"] == 32
    assert not (tmp_path / ".keras").exists()


def test_a_backend_that_is_not_there_is_told(
    trained: Path, graphnn: Run, keras: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "mxnet")
    found = graphnn("export", trained, "--to", "keras")
    assert found.returncode == 2
    assert "Keras with mxnet does not run it: ValueError: Unable to import backend : mxnet" in found.stderr


def test_without_keras_the_file_is_written_and_a_note_says_that_it_is_not_compared(
    trained: Path, graphnn: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outputs, "find_spec", lambda name: None)
    found = graphnn("export", trained, "--to", "keras", "--format", "json")
    assert found.returncode == 0
    assert "is not compared with the network" in found.stderr
    assert json.loads(found.stdout)["compared"] is None
