"""What graphnn exports as ONNX comes back: the same document, the same weights, the same outputs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.datasets.preparation import Normalisation
from graphnn.document.values import document_text
from graphnn.graph.build import build_graph
from graphnn.graph.initialisation import initialise, needs_images
from graphnn.parameters.parameter import Role
from graphnn.specification.spec import Spec, read_spec, spec_from_values
from graphnn.storage.weights import load_weights, save_weights
from graphnn.training.metadata import weights_metadata
from tests.conftest import ROOT

pytest.importorskip("onnx")
Run = Callable[..., Any]
MODELS = sorted(ROOT.glob("models/*.json"))
EVERY_LAYER = {
    "name": "all",
    "input": {"shape": [3, 8, 8]},
    "layers": [
        {"type": "Conv2D", "filters": 4, "padding": 1, "trainable": False},
        {"type": "BatchNormalization", "center": False, "trainable": {"statistics": False}},
        {"type": "LeakyReLU", "negative_slope": 0.2},
        {
            "type": "Residual",
            "name": "block",
            "layers": [
                {"type": "Conv2D", "filters": 6, "kernel_size": 1},
                {"type": "PReLU"},
                {"type": "Dropout", "rate": 0.1},
            ],
            "shortcut": [
                {"type": "Conv2D", "filters": 6, "use_bias": False},
                {"type": "BatchNormalization", "scale": False},
            ],
        },
        {"type": "GELU"},
        {"type": "GELU", "approximate": "none"},
        {"type": "MaxPooling2D", "pool_size": 3, "strides": 1},
        {"type": "LayerNormalization", "epsilon": 0.01, "center": False},
        {"type": "AveragePooling2D", "pool_size": [2, 3]},
        {"type": "SiLU"},
        {"type": "Residual", "layers": [{"type": "ELU", "alpha": 0.5}]},
        {"type": "Scale", "factor": 0.3},
        {"type": "Flatten"},
        {"type": "Dense", "units": 9, "use_bias": False},
        {"type": "LayerNormalization", "scale": False, "center": False},
        {"type": "Tanh"},
        {"type": "Dense", "name": "last one", "units": 5},
        {"type": "Sigmoid"},
    ],
    "loss": {"type": "BinaryCrossEntropy"},
    "optimizer": {"type": "Adam", "groups": [{"match": "*/biases", "learning_rate_scale": 0.1}]},
    "data": {"dataset": "npz", "path": "some.npz", "normalize": "per_feature", "augment": [{"type": "RandomFlip"}]},
    "training": {"epochs": 2, "early_stopping": {"patience": 3}, "batch_size": 8},
}


def with_weights(spec: Spec, path: Path, data_shape: tuple[int, ...]) -> None:
    """Write weights as after a training of a document, with class names and constants of its normalisation."""
    graph, draw = build_graph(spec), np.random.default_rng(0)
    images = draw.normal(size=(300, *graph.input_shape)).astype(np.float32) if needs_images(graph) else None
    parameters = initialise(graph, 0, images=images)
    for node in graph.nodes:
        for declared in node.parameters:
            array = parameters.values[node.name][declared.name]
            if declared.role is not Role.WEIGHT:
                array += draw.uniform(0.1, 0.5, array.shape).astype(np.float32)
    x = draw.uniform(0, 255, (50, *data_shape)).astype(np.float32)
    constants = Normalisation.fit(x, spec.data["normalize"])
    meta = weights_metadata(
        spec.resolved(),
        classes=None,
        normalisation=constants.to_json(),
        metrics={"epochs": 3},
        loss=graph.loss,
    )
    save_weights(path, parameters.named(), meta)


def round_trip(document: Path, spec: Spec, graphnn: Run) -> None:
    """Export a document with its weights, import the file, and compare both documents and weights."""
    file, back = document.with_suffix(".onnx"), document.with_name("back.json")
    done = graphnn("export", document, "--to", "onnx", "--output", file)
    assert done.returncode == 0, done.stderr
    done = graphnn("import", file, "--output", back, "--format", "json")
    assert done.returncode == 0, done.stderr
    there, here = read_spec(back).resolved(), spec.resolved()
    assert Path(there["data"].pop("path", "")).name == Path(here["data"].pop("path", "")).name
    assert there == here
    before, after = load_weights(document.with_suffix(".npz")), load_weights(back.with_suffix(".npz"))
    assert list(after.arrays) == list(before.arrays)
    for name, array in before.arrays.items():
        np.testing.assert_allclose(after.arrays[name], array, rtol=1e-6, atol=0, err_msg=name)
    assert after.meta["normalisation"] == before.meta["normalisation"]
    assert json.loads(done.stdout)["compared"]["largest_difference"] < 1e-5


def test_every_layer_and_section(tmp_path: Path, graphnn: Run) -> None:
    document = tmp_path / "all.json"
    document.write_text(document_text(EVERY_LAYER), encoding="utf-8")
    spec = read_spec(document)
    with_weights(spec, tmp_path / "all.npz", spec.input_shape)
    round_trip(document, spec, graphnn)


SCALED = {
    "name": "scaled",
    "input": {"shape": [6]},
    "layers": [
        {"type": "Scale", "factor": 1.7},
        {"type": "Dropout", "rate": 0.3},
        {"type": "Flatten"},
        {"type": "Dense", "units": 5},
        {"type": "SiLU", "name": "beliefs"},
        {
            "type": "Residual",
            "layers": [{"type": "Dropout", "rate": 0.2}, {"type": "Scale", "factor": -0.5}],
            "shortcut": [
                {"type": "Dropout", "rate": 0},
                {"type": "Scale", "factor": 2},
                {"type": "Scale", "factor": 1},
            ],
        },
        {"type": "Dense", "units": 3},
        {"type": "Scale", "factor": 0.111},
        {"type": "Softmax"},
    ],
    "loss": {"type": "CrossEntropy", "label_smoothing": 0.1},
    "optimizer": {"type": "SGD"},
    "data": {"dataset": "npz", "path": "some.npz", "normalize": "per_feature"},
    "training": {"epochs": 1},
}


def test_scales_side_by_side_stay_apart(tmp_path: Path, graphnn: Run) -> None:
    document = tmp_path / "scaled.json"
    document.write_text(document_text(SCALED), encoding="utf-8")
    spec = read_spec(document)
    with_weights(spec, tmp_path / "scaled.npz", spec.input_shape)
    round_trip(document, spec, graphnn)


def test_images_whose_rows_are_of_three_pixels_are_channels_first(tmp_path: Path, graphnn: Run) -> None:
    layers = [{"type": "PReLU"}, {"type": "Flatten"}, {"type": "Dense", "units": 3}, {"type": "Softmax"}]
    data = {"dataset": "npz", "path": "some.npz", "normalize": "per_channel"}
    document = tmp_path / "narrow.json"
    document.write_text(document_text({**SCALED, "input": {"shape": [5, 4, 3]}, "layers": layers, "data": data}))
    spec = read_spec(document)
    with_weights(spec, tmp_path / "narrow.npz", spec.input_shape)
    round_trip(document, spec, graphnn)


@pytest.mark.long
@pytest.mark.parametrize("model", MODELS, ids=lambda path: path.stem)
def test_the_networks_of_the_product(model: Path, tmp_path: Path, graphnn: Run) -> None:
    values = spec_from_values(read_spec(model).resolved()).resolved()
    document = tmp_path / "net.json"
    document.write_text(document_text(values), encoding="utf-8")
    spec = read_spec(document)
    shape = {784: (1, 28, 28)}.get(spec.input_shape[0], spec.input_shape)
    with_weights(spec, tmp_path / "net.npz", shape)
    round_trip(document, spec, graphnn)
