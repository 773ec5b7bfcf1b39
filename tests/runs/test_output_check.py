"""Networks that give other outputs than the ONNX file their weights come from are told of, and no others."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from graphnn import SGD, CrossEntropy, Dense, LeakyReLU, Model, ReLU, Scale, Softmax
from graphnn.datasets.preparation import Normalisation
from graphnn.document.values import document_text
from graphnn.exporting.base import ExportWishes
from graphnn.exporting.targets.onnx import Onnx
from graphnn.exporting.trained_network import TrainedNetwork
from graphnn.graph.build import build_graph
from graphnn.graph.initialisation import initialise
from graphnn.layers.base import Layer
from graphnn.runs.output_check import outputs_note

pytest.importorskip("onnx")
PLAIN = Normalisation("per_channel", (1, 2, 3), (120.0,), (60.0,))


def network(*between: Layer, smoothing: float = 0, scale: float = 1) -> TrainedNetwork:
    model = Model(CrossEntropy(label_smoothing=smoothing), SGD(0.1), name="n")
    for layer in (Dense(5, input_shape=(6,)), *between, Dense(3), Scale(scale), Softmax()):
        model.add(layer)
    spec = model.spec()
    graph = build_graph(spec)
    return TrainedNetwork(spec, graph, initialise(graph, 0), PLAIN)


def exported(tmp_path: Path, of: TrainedNetwork) -> Path:
    return Onnx().write(of, tmp_path / "n.onnx", ExportWishes(replace=True)).files[0]


@pytest.mark.parametrize("smoothing", [0, 0.2])
def test_the_same_network_is_not_told_of(tmp_path: Path, smoothing: float) -> None:
    same = network(ReLU(), smoothing=smoothing)
    assert outputs_note(exported(tmp_path, same), same) is None
    normalised = replace(same, normalisation=Normalisation.none(PLAIN.shape))
    assert outputs_note(exported(tmp_path, normalised), same) is None


@pytest.mark.parametrize("other", [network(LeakyReLU(0.3)), network(ReLU(), scale=1.5), network()])
def test_another_network_with_these_weights_is_told_of(tmp_path: Path, other: TrainedNetwork) -> None:
    note = outputs_note(exported(tmp_path, network(ReLU())), other)
    assert note is not None
    assert "more than the weights is different" in note


@pytest.mark.parametrize("last", ["scores", "logarithms"])
def test_scores_and_logarithms_are_the_same_network(tmp_path: Path, last: str) -> None:
    onnx: Any = pytest.importorskip("onnx")
    same = network(ReLU())
    file = exported(tmp_path, same)
    model = onnx.load(file)
    end = model.graph.node[-1]
    assert end.op_type == "Softmax"
    end.op_type = "LogSoftmax" if last == "logarithms" else "Identity"
    if last == "scores":
        del end.attribute[:]
    onnx.save(model, file)
    assert outputs_note(file, same) is None


def test_the_command_tells_of_it(tmp_path: Path, graphnn: Callable[..., Any]) -> None:
    made, other = network(ReLU()), network(LeakyReLU(0.3))
    document = tmp_path / "net.json"
    values = other.spec.resolved()
    values["data"] = {"dataset": "npz", "path": "x.npz", "normalize": "none"}
    document.write_text(document_text({**values, "input": {"shape": [6]}}), encoding="utf-8")
    flat = replace(made, normalisation=Normalisation.none((6,)))
    done = graphnn("import", exported(tmp_path, flat), "--into", document)
    assert done.returncode == 0, done.stderr
    assert "the network gives other outputs than the file" in done.stderr
