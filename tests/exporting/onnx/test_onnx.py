"""Tests of ONNX files: they say what graphnn says, for every layer, and a reader finds everything by name."""

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn import SGD, BatchNormalization, CrossEntropy, Dense, MeanSquaredError, Model, ReLU, Softmax, register
from graphnn.datasets.preparation import Normalisation
from graphnn.exporting.base import TARGETS, Exporter, ExportError, ExportWishes
from graphnn.exporting.onnx.model import model_of
from graphnn.exporting.onnx.running import run
from graphnn.exporting.trained_network import TrainedNetwork
from graphnn.graph.build import build_graph
from graphnn.graph.initialisation import unset
from graphnn.layers.base import LAYERS, Layer
from graphnn.specification.spec import read_spec
from tests.conftest import ROOT, Run
from tests.exporting.random_networks import close, fill, network, of

onnx: Any = pytest.importorskip("onnx")
ReferenceEvaluator: Any = pytest.importorskip("onnx.reference").ReferenceEvaluator
pytest.importorskip("onnxruntime")

ONNX = TARGETS["onnx"]


def outputs(exported: TrainedNetwork, x: Any) -> Any:
    """Return what the exported file gives."""
    return run(model_of(exported).SerializeToString(), x)


def classifier(*names: str, smoothing: float = 0.0) -> Model:
    """Return a network of dense layers with these names, for two classes."""
    model = Model(CrossEntropy(label_smoothing=smoothing), SGD(0.1), name="small")
    for name in names:
        model.add(Dense(2, name=name, input_shape=None if model.layers else (3,)))
        model.add(ReLU())
    model.add(Dense(2))
    model.add(Softmax())
    return model


def check(seed: int, kind: str | None = None) -> None:
    """Compare a random network with its file."""
    made = network(seed, kind)
    x = made.likely_samples(5, seed)
    assert close(made, x, outputs(made, x)), seed


@pytest.mark.parametrize("kind", sorted(LAYERS.built_in()))
def test_files_say_what_graphnn_says_for_every_layer(kind: str) -> None:
    for seed in range(4):
        check(seed, kind)


@pytest.mark.long
@pytest.mark.parametrize("start", range(1000, 5000, 500))
def test_files_of_many_random_networks_say_what_graphnn_says(start: int) -> None:
    for seed in range(start, start + 500):
        check(seed)


@pytest.mark.parametrize(
    "file",
    [
        pytest.param(file, id=file.stem, marks=pytest.mark.long if "resnet" in file.stem or "wide" in file.stem else ())
        for file in sorted((ROOT / "models").glob("*.json"))
    ],
)
def test_files_of_the_networks_here_say_what_graphnn_says(file: Path) -> None:
    spec = read_spec(file)
    graph = build_graph(spec)
    parameters = unset(graph)
    fill(np.random.default_rng(1), parameters)
    made = TrainedNetwork(spec, graph, parameters, Normalisation.none(spec.input_shape))
    x = made.likely_samples(8)
    y = outputs(made, x)
    assert close(made, x, y)
    assert np.ptp(made.outputs(x)) > 0


@pytest.mark.parametrize("seed", range(len(LAYERS.built_in())))
def test_files_follow_the_definitions_of_the_operators(seed: int) -> None:
    made = network(seed)
    x = made.likely_samples(2, seed)
    (y,) = ReferenceEvaluator(model_of(made)).run(None, {"input": x})
    assert close(made, x, y)


def test_layers_called_as_the_ends_of_the_graph_collide_with_nothing() -> None:
    names = ("output", "input", "beliefs", "normalisation", "a.b", "sigmoid", "日本 ё", "x" * 200, "output.weights")
    made = of(classifier(*names, smoothing=0.1), Normalisation("unit", (3,), (1.0,), (2.0,)))
    x = made.likely_samples(6)
    assert close(made, x, outputs(made, x))
    graph = model_of(made).graph
    assert [each.name for each in graph.node if each.metadata_props] == [node.name for node in made.graph.nodes]
    assert set(made.parameters.named()) <= {each.name for each in graph.initializer}


def test_normalisation_and_beliefs_are_known_by_their_names() -> None:
    made = of(classifier("a", smoothing=0.2), Normalisation("per_feature", (3,), (1, 2, 3), (2, 2, 2)))
    names = [node.name for node in model_of(made).graph.node]
    assert names[:2] == ["normalisation/subtract", "normalisation/divide"]
    assert [name for name in names if name.startswith("beliefs/")] == names[-4:]
    assert names[2:-4] == [node.name for node in made.graph.nodes]


def test_large_offsets_are_as_exact_as_in_float64() -> None:
    made = of(classifier("a"), Normalisation("per_feature", (3,), (1e6 + 0.3, -4e5 + 0.1, 0.1), (0.5, 0.01, 1.0)))
    x = (np.array([1e6, -4e5, 0]) + np.random.default_rng(0).integers(-8, 8, (50, 3)) / [16, 128, 1]).astype(np.float32)
    assert np.abs(made.outputs(x) - outputs(made, x)).max() < 1e-6
    assert "normalisation/subtract_rest" in [node.name for node in model_of(made).graph.node]


@pytest.mark.parametrize("numbers", [((1e40,), (1.0,)), ((0.0,), (1e-40,)), ((0.0,), (1e39,))])
def test_samples_that_float32_cannot_hold_are_refused(numbers: Any) -> None:
    made = of(classifier("a"), Normalisation("unit", (3,), *numbers))
    with pytest.raises(ExportError, match="float32, which cannot hold samples around"):
        model_of(made)


def test_the_file_tells_what_it_is() -> None:
    named = of(classifier("a"))
    made = replace(named, class_names=("katzen", "hünde"), figures={"epochs": 3, "test": {"accuracy": 0.5, "f1": None}})
    model = model_of(made)
    found = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(found["classes"]) == ["katzen", "hünde"]
    assert json.loads(found["graphnn.figures"]) == made.figures
    assert json.loads(found["graphnn.document"])["layers"][0]["name"] == "a"
    assert Normalisation.from_json(json.loads(found["graphnn.normalisation"])) == made.normalisation
    assert (model.producer_name, model.producer_version) == ("graphnn", found["graphnn.version"])
    assert (model.ir_version, [(each.domain, each.version) for each in model.opset_import]) == (10, [("", 20)])
    (given,), (result,) = model.graph.input, model.graph.output
    sizes = [[each.dim_param or each.dim_value for each in end.type.tensor_type.shape.dim] for end in (given, result)]
    assert (given.name, result.name, sizes) == ("input", "output", [["batch", 3], ["batch", 2]])


@pytest.mark.parametrize("path", ["/home/me/secret/mine.npz", "C:\\me\\secret\\mine.npz", "../secret/mine.npz"])
def test_the_document_in_the_file_names_no_folder_of_the_user(path: str) -> None:
    made = of(classifier("a"))
    spec = replace(made.spec, data={**made.spec.data, "path": path})
    text = str(model_of(replace(made, spec=spec)).metadata_props)
    assert "mine.npz" in text
    assert "secret" not in text


def test_the_same_weights_give_the_same_bytes_and_are_known_again(tmp_path: Path) -> None:
    assert isinstance(ONNX, Exporter)
    files = tmp_path / "a.onnx", tmp_path / "b.onnx"
    for file in files:
        ONNX.write(network(3), file, ExportWishes())
    assert files[0].read_bytes() == files[1].read_bytes()
    ONNX.check_place(files[0], ExportWishes())
    assert not ONNX.is_own(onnx.ModelProto(producer_name="pytorch", ir_version=8).SerializeToString())


def test_a_missing_gamma_or_beta_is_written_as_ones_or_zeros() -> None:
    model = Model(MeanSquaredError(), SGD(0.1), name="bare")
    model.add(BatchNormalization(scale=False, center=False, name="bn", input_shape=(3,)))
    names = {each.name for each in model_of(of(model)).graph.initializer}
    assert names == {"bn/ones", "bn/zeros", "bn/running_mean", "bn/running_variance"}


def test_more_than_a_file_holds_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphnn.exporting.onnx.model.LARGEST", 40)
    with pytest.raises(ExportError, match=r"56 B, and a file of ONNX holds 2 GiB at most"):
        model_of(of(classifier("a")))


def test_layers_of_plugins_are_refused_with_their_place() -> None:
    @register
    @dataclass(frozen=True)
    class Cubed(Layer):
        schema = {"properties": {}}  # noqa: RUF012

        def forward(self, params: Any, x: Any, ctx: Any) -> Any:
            return x**3, lambda dy: (dy, {})

    try:
        model = classifier("a")
        layers = [("own", Cubed()), *((node.name, node.layer) for node in build_graph(model.spec()).nodes)]
        from graphnn.graph.graph import chain

        assert isinstance(ONNX, Exporter)
        with pytest.raises(
            ExportError, match=r'^layers\[0\] "own": Cubed comes from a plugin, which onnx does not know'
        ):
            ONNX.check(chain(layers, (3,), CrossEntropy()))
    finally:
        del LAYERS["Cubed"]


def test_the_command_writes_a_file_that_onnxruntime_runs(trained: Path, graphnn: Run) -> None:
    found = graphnn("export", trained, "--to", "onnx", "--verify", "50", "--format", "json")
    assert found.returncode == 0, found.stderr
    report = json.loads(found.stdout)
    assert report["compared"]["same_class"] == 50
    assert report["compared"]["largest_difference"] < 1e-5
    onnx.checker.check_model(str(trained.with_suffix(".onnx")), full_check=True)


def test_without_onnxruntime_the_file_is_written_and_a_note_says_that_it_was_not_compared(
    trained: Path, graphnn: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graphnn.exporting.targets.onnx.can_run", lambda: False)
    found = graphnn("export", trained, "--to", "onnx")
    assert found.returncode == 0
    assert "the file was not compared: that needs onnxruntime; " in found.stderr
    assert "-m pip install" in found.stderr
    assert "largest difference" not in found.stdout


def test_the_page_names_the_operators_of_every_layer() -> None:
    page = (ROOT / "graphnn" / "exporting" / "README.md").read_text(encoding="utf-8")
    told = {kind: set(re.findall(r"`(\w+)`", ops)) for kind, ops in re.findall(r"^\| (\w+) \| (`.*) \|$", page, re.M)}
    found: dict[str, set[str]] = {kind: set() for kind in LAYERS.built_in()}
    for kind in found:
        graph = model_of(network(0, kind)).graph
        kinds = {node.name: node.metadata_props[0].value for node in graph.node if node.metadata_props}
        for node in graph.node:
            layer = node.name if node.name in kinds else node.name.rpartition("/")[0]
            if layer in kinds:
                found[kinds[layer]].add(node.op_type)
    assert told == found


@pytest.mark.parametrize("name", TARGETS)
def test_the_page_has_a_line_for_every_target(name: str) -> None:
    page = (ROOT / "graphnn" / "exporting" / "README.md").read_text(encoding="utf-8")
    assert f"| [`{name}`](#{name}) | `{TARGETS[name].suffix}` |" in page
