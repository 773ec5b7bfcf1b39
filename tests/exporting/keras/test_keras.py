"""Tests of the export to Keras, by Keras in a process of its own with warnings as errors: outputs, names, the file."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.datasets.preparation import Normalisation
from graphnn.exporting.agreement import agreement
from graphnn.exporting.base import TARGETS, ExportError
from graphnn.exporting.keras import outputs
from graphnn.exporting.trained_network import TrainedNetwork
from graphnn.types import Array
from tests.conftest import Run
from tests.exporting.keras.conftest import Process
from tests.exporting.keras.keras_networks import CLASSES, EVERY, channels_last, content, document, export, network_of
from tests.exporting.keras.keras_trainings import ORDINARY, check_training, train_in_both

pytest.importorskip("h5py")

CLOSE = 1e-5
STEP = 6


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


def test_names_are_those_of_the_document_as_far_as_keras_takes_them(tmp_path: Path) -> None:
    names = ["input", "block.conv 1", "é", "_", "block_conv_1"]
    layers = [{"type": "Dense", "units": 3, "name": name} for name in names]
    values = {**document(0), "name": "a network, named", "input": {"shape": [3]}, "layers": layers}
    export(network_of({**values, "loss": {"type": "MeanSquaredError"}}, 3), tmp_path / "a.keras")
    config = content(tmp_path / "a.keras", "config.json")["config"]
    assert config["name"] == "a_network_named"
    found = [each["name"] for each in config["layers"]]
    assert found == ["input", "input_1", "block_conv_1", "layer", "layer_1", "block_conv_1_1"]


def test_the_file_says_what_it_is_of_and_has_the_same_bytes_each_time(tmp_path: Path) -> None:
    network = replace(network_of(CLASSES), class_names=("a", "é"), figures={"test": {"accuracy": 0.5}})
    for name in ("a", "b"):
        export(network, tmp_path / f"{name}.keras")
    first = (tmp_path / "a.keras").read_bytes()
    assert first == (tmp_path / "b.keras").read_bytes()
    assert TARGETS["keras"].is_own(first[:4096])
    about = {"name": "two classes", "classes": ["a", "é"], "figures": {"test": {"accuracy": 0.5}}}
    assert content(tmp_path / "a.keras", "metadata.json")["graphnn"] == about


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


@pytest.mark.parametrize(("offset", "divisor"), [(1e39, 1.0), (0.0, 1e-42), (1.0, 1e39)])
def test_samples_beyond_float32_are_refused(tmp_path: Path, offset: float, divisor: float) -> None:
    network = replace(network_of(CLASSES), normalisation=Normalisation("per_channel", (3,), (offset,), (divisor,)))
    with pytest.raises(ExportError, match="input is float32, which cannot hold samples around"):
        export(network, tmp_path / "a.keras")
    assert not (tmp_path / "a.keras").exists()


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
