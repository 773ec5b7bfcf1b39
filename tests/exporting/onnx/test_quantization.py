"""Tests of ONNX files in integers of 8 bits: what they were calibrated and measured on, and how little they lose."""

import errno
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn import SGD, Dense, MeanSquaredError, Model, ReLU
from graphnn.errors import DataError
from graphnn.exporting.base import ExportError, ExportWishes
from graphnn.exporting.onnx.model import model_of
from graphnn.exporting.onnx.quantization import quantized, samples
from graphnn.exporting.onnx.running import run
from graphnn.types import Array
from tests.conftest import Run
from tests.exporting.random_networks import close, network, of

onnx: Any = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


def wishes(x: Array, y: Array | None = None) -> ExportWishes:
    """Return wishes with these samples as the training part, and no others."""

    def part(name: str, count: int) -> tuple[Array, Array]:
        assert name != "test"
        if name == "validation":
            raise DataError("there is no validation part")
        return x[:count], (np.zeros(len(x), np.int64) if y is None else y)[:count]

    return ExportWishes(samples=part, quantize="int8")


@pytest.mark.parametrize("seed", range(20))
def test_folding_a_normalisation_changes_nothing(seed: int) -> None:
    made = network(seed, "BatchNormalization")
    x = made.likely_samples(5, seed)
    assert close(made, x, run(model_of(made, fold=True).SerializeToString(), x))


def test_normalisations_after_weights_are_folded_into_them() -> None:
    folded = 0
    for seed in range(20):
        made = network(seed, "BatchNormalization")
        before, after = (
            [node.op_type for node in model_of(made, fold=fold).graph.node].count("BatchNormalization")
            for fold in (False, True)
        )
        folded += before - after
    assert folded >= 4


@pytest.mark.parametrize("seed", range(12))
def test_integers_say_nearly_what_floats_say(seed: int) -> None:
    made = network(seed, "Conv2D")
    x = made.likely_samples(60, seed)
    model, _ = quantized(made, wishes(x))
    ours, theirs = made.outputs(x), run(model.SerializeToString(), x)
    assert 0 < np.abs(ours - theirs).max() <= 0.15 * np.abs(ours).max() + 1e-3
    assert {"QuantizeLinear", "DequantizeLinear"} <= {node.op_type for node in model.graph.node}


def test_the_training_samples_of_the_calibration_are_not_those_of_the_measurement() -> None:
    x = np.arange(1000, dtype=np.float32)[:, None]
    chosen, part, rest, targets = samples(wishes(x, x[:, 0]))
    assert part == "training"
    assert (len(chosen), len(rest)) == (256, 744)
    assert sorted([*chosen[:, 0], *rest[:, 0]]) == list(range(1000))
    assert (targets == rest[:, 0]).all()


@pytest.mark.parametrize("seed", range(12))
def test_neither_scores_nor_outputs_are_rounded(seed: int) -> None:
    made = network(seed, "Dense")
    model, _ = quantized(made, wishes(made.likely_samples(20)))
    makers = {node.output[0]: node for node in model.graph.node}
    last = [node.input[0] for node in model.graph.node if node.op_type in ("Softmax", "Sigmoid")][-1:]
    exact = [makers[name].op_type for name in ("output", *last) if name in makers]
    assert "DequantizeLinear" not in exact


def test_a_relu_at_the_end_stays() -> None:
    model = Model(MeanSquaredError(), SGD(0.1), name="positive")
    model.add(Dense(4, input_shape=(3,)))
    model.add(ReLU())
    made = of(model)
    x = made.likely_samples(200)
    y = run(quantized(made, wishes(x))[0].SerializeToString(), x)
    assert y.min() == 0
    assert np.abs(y - made.outputs(x)).max() < 0.05


def test_a_network_without_weights_is_refused() -> None:
    model = Model(MeanSquaredError(), SGD(0.1), name="bare")
    model.add(ReLU(input_shape=(3,)))
    with pytest.raises(ExportError, match="no weights to quantize"):
        quantized(of(model), wishes(np.ones((3, 3), np.float32)))


@pytest.mark.parametrize("loss", ["MeanSquaredError", "BinaryCrossEntropy"])
def test_numbers_and_answers_are_measured_too(loss: str) -> None:
    seed = next(seed for seed in range(50) if network(seed, "Dense").graph.loss.type == loss)
    made = network(seed, "Dense")
    x = made.likely_samples(300, seed)
    truth = made.outputs(x)
    model, _ = quantized(made, wishes(x, (truth > 0.5).astype(np.float32) if loss[0] == "B" else truth))
    found = json.loads({entry.key: entry.value for entry in model.metadata_props}["graphnn.quantization"])
    assert found["part"] == "training"
    assert (found["samples"], found["calibration_samples"]) == (44, 256)
    if loss[0] == "B":
        assert found["accuracy"]["float32"] == 1
        assert found["accuracy"]["int8"] > 0.9
    else:
        assert found["loss"]["float32"] < found["loss"]["int8"]


def test_the_command_measures_on_the_validation_part_or_on_other_training_samples(trained: Path, graphnn: Run) -> None:
    found = graphnn("export", trained, "--to", "onnx", "--quantize", "int8", "--verify", "300", "--format", "json")
    assert found.returncode == 0
    assert found.stderr.startswith("note: the network is so small that its file in int8 is no smaller than in float32")
    report: dict[str, Any] = json.loads(found.stdout)
    file = trained.with_name("net.int8.onnx")
    assert report["files"][0]["file"] == str(file)
    assert report["files"][0]["bytes"] == file.stat().st_size
    assert report["measured_on"] == "144 samples of the validation part"
    assert report["calibrated_on"] == "256 samples of the training part"
    assert report["accuracy_in_float32"] - report["accuracy_in_int8"] < 0.02
    assert report["compared"]["same_class"] >= 290
    model = onnx.load(str(file))
    assert model.producer_name == "graphnn"
    assert {"classes", "graphnn.document", "graphnn.quantization"} <= {entry.key for entry in model.metadata_props}
    assert graphnn("export", trained, "--to", "onnx", "--quantize", "int8").returncode == 0  # replaced


def test_what_is_written_is_compared_on_samples_within_the_calibrated_ranges(trained: Path, graphnn: Run) -> None:
    found = graphnn("export", trained, "--to", "onnx", "--quantize", "int8", "--format", "json")
    compared = json.loads(found.stdout)["compared"]
    assert compared["on"] == "32 samples of the training part"
    assert compared["same_class"] >= 31


def test_missing_data_are_told(small: dict[str, Any], tmp_path: Path, graphnn: Run) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((200, 64)).astype(np.float32), rng.integers(0, 10, 200)
    np.savez(tmp_path / "mine.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    document = tmp_path / "other.json"
    document.write_text(json.dumps({**small, "data": {"dataset": "npz", "path": "mine.npz"}}), encoding="utf-8")
    assert graphnn("train", document, "--quiet", "--no-test").returncode == 0
    (tmp_path / "mine.npz").unlink()
    found = graphnn("export", document, "--to", "onnx", "--quantize", "int8")
    assert found.returncode == 2
    assert "--quantize is calibrated on training samples: " in found.stderr
    assert "mine.npz" in found.stderr
    assert not document.with_name("other.int8.onnx").exists()


def test_nothing_is_noted_of_a_network_that_becomes_smaller(
    tmp_path: Path, small: dict[str, Any], graphnn: Run
) -> None:
    layers = [{"type": "Dense", "units": 256}, {"type": "ReLU"}, {"type": "Dense", "units": 10}, {"type": "Softmax"}]
    document = tmp_path / "larger.json"
    document.write_text(json.dumps({**small, "layers": layers}), encoding="utf-8")
    assert graphnn("train", document, "--quiet", "--no-test").returncode == 0
    found = graphnn("export", document, "--to", "onnx", "--quantize", "int8")
    assert (found.returncode, found.stderr) == (0, "")


def test_without_onnxruntime_nothing_is_quantised(trained: Path, graphnn: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphnn.exporting.targets.onnx.can_run", lambda: False)
    found = graphnn("export", trained, "--to", "onnx", "--quantize", "int8")
    assert (found.returncode, found.stdout) == (2, "")
    assert "--quantize needs onnxruntime; " in found.stderr
    assert "-m pip install" in found.stderr


def test_a_full_disk_is_told(trained: Path, graphnn: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: Any, **settings: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("onnxruntime.quantization.quantize_static", full)
    found = graphnn("export", trained, "--to", "onnx", "--quantize", "int8")
    assert found.returncode == 2
    assert found.stderr == f"{tempfile.gettempdir()}: cannot be written: No space left on device\n"
    assert not trained.with_name("net.int8.onnx").exists()
