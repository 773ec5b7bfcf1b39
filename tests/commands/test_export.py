"""Tests of `export` as a user runs it: what is written, what is refused, and that nothing else is replaced."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.commands.main import main
from graphnn.exporting.targets.onnx import Onnx
from graphnn.storage.weights import load_weights
from tests.conftest import Run

onnx = pytest.importorskip("onnx")


def test_safetensors_hold_the_weights_by_names_of_pytorch(trained: Path, graphnn: Run) -> None:
    from safetensors.numpy import load_file

    found = graphnn("export", trained, "--to", "safetensors")
    assert found.returncode == 0, found.stderr
    arrays, ours = load_file(trained.with_suffix(".safetensors")), load_weights(trained.with_suffix(".npz")).arrays
    assert set(arrays) == {
        *("hidden.weight", "hidden.bias", "output.weight", "output.bias"),
        *("norm.weight", "norm.bias", "norm.running_mean", "norm.running_var"),
        *("mean", "std"),  # of the normalisation
    }
    assert (arrays["output.weight"] == ours["output/weights"]).all()
    assert (arrays["norm.running_var"] == ours["norm/running_variance"]).all()


def test_a_file_that_is_no_export_is_not_replaced(trained: Path, graphnn: Run) -> None:
    other = trained.with_suffix(".safetensors")
    other.write_text("mine", encoding="utf-8")
    found = graphnn("export", trained, "--to", "safetensors")
    assert found.returncode == 2
    assert "is not replaced" in found.stderr
    assert other.read_text(encoding="utf-8") == "mine"
    assert graphnn("export", trained, "--to", "safetensors", "--replace").returncode == 0
    assert other.read_bytes() != b"mine"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--to", "safetensors", "--output", "a.pt"), "ends in .safetensors"),
        (("--to", "safetensors", "--quantize", "int8"), "is for --to onnx"),
        (("--to", "safetensors", "--verify", "3"), "--verify: safetensors holds weights and computes nothing"),
        (("--to", "onnx", "--data-dir", "."), "--data-dir: no data are read without --verify or --quantize"),
        (("--to", "svg", "--weights", "net.npz"), "--weights: a drawing needs neither weights nor data"),
    ],
)
def test_wrong_arguments_are_told(trained: Path, graphnn: Run, arguments: tuple[str, ...], said: str) -> None:
    found = graphnn("export", trained, *arguments)
    assert found.returncode == 2
    assert said in found.stderr


@pytest.mark.parametrize(("start", "noted"), [(1.7e9, True), (17, False)])
def test_samples_that_lose_digits_in_float32_are_noted(
    small: dict[str, Any], tmp_path: Path, graphnn: Run, start: float, noted: bool
) -> None:
    rng = np.random.default_rng(0)
    x, y = start + rng.standard_normal((200, 2)) * 1e5, rng.integers(0, 2, 200)
    np.savez(tmp_path / "mine.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    layers = [{"type": "Dense", "units": 2}, {"type": "Softmax"}]
    data = {"dataset": "npz", "path": "mine.npz"}
    document = tmp_path / "times.json"
    document.write_text(
        json.dumps({**small, "input": {"shape": [2]}, "layers": layers, "data": data}), encoding="utf-8"
    )
    assert graphnn("train", document, "--quiet", "--no-test").returncode == 0
    found = graphnn("export", document, "--to", "onnx")
    assert found.returncode == 0, found.stderr
    assert ("that rounds them by up to 0.001 of their deviation" in found.stderr) == noted
    assert bool(found.stderr) == noted


@pytest.mark.parametrize(("mode", "noted"), [("per_channel", True), ("none", False)])
def test_it_is_noted_that_inputs_come_back_normalised(
    small: dict[str, Any], tmp_path: Path, graphnn: Run, mode: str, noted: bool
) -> None:
    data = {"dataset": "digits", "targets": "inputs", "normalize": mode}
    layers = [{"type": "Dense", "units": 8}, {"type": "Dense", "units": 64}]
    document, loss = tmp_path / "again.json", {"type": "MeanSquaredError"}
    changes = {"layers": layers, "loss": loss, "data": data, "optimizer": {"type": "Adam"}}
    document.write_text(json.dumps({**small, **changes}), encoding="utf-8")
    assert graphnn("train", document, "--quiet", "--no-test", "--set", "training.epochs=1").returncode == 0
    found = graphnn("export", document, "--to", "onnx", "--verify", "20", "--format", "json")
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout)["compared"]["largest_difference"] < 1e-3
    assert ("the file gives inputs back normalised" in found.stderr) == noted


def test_inputs_from_a_table_have_names(small: dict[str, Any], tmp_path: Path, graphnn: Run) -> None:
    rows = [f"{number},{'red' if number % 3 else 'blue'},{'yes' if number % 2 else 'no'}" for number in range(90)]
    (tmp_path / "mine.csv").write_text("\n".join(["age,colour,bought", *rows]), encoding="utf-8")
    layers = [{"type": "Dense", "units": 1}, {"type": "Sigmoid"}]
    document, data = tmp_path / "table.json", {"dataset": "csv", "path": "mine.csv", "target": "bought"}
    changes = {"input": {"shape": [3]}, "layers": layers, "loss": {"type": "BinaryCrossEntropy"}, "data": data}
    document.write_text(json.dumps({**small, **changes}), encoding="utf-8")
    assert graphnn("train", document, "--quiet").returncode == 0
    found = graphnn("export", document, "--to", "onnx", "--verify", "10", "--format", "json")
    assert (found.returncode, found.stderr) == (0, "")
    model = onnx.load(str(document.with_suffix(".onnx")))
    known = {each.key: each.value for each in model.metadata_props}
    assert json.loads(known["features"]) == ["age", "colour=blue", "colour=red"]
    assert json.loads(known["classes"]) == ["no", "yes"]
    assert json.loads(known["graphnn.table"])["columns"][0]["name"] == "age"
    assert model.graph.output[0].doc_string == "the probability of yes; the names are in the metadata, classes"


def test_outputs_that_are_not_those_of_the_network_are_told(
    trained: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    right = Onnx.outputs
    monkeypatch.setattr(Onnx, "outputs", lambda self, files, x: right(self, files, x)[:, ::-1])
    assert main(["export", str(trained), "--to", "onnx"]) == 0
    assert "note: the file does not give what graphnn gives: outputs of up to " in capsys.readouterr().err
