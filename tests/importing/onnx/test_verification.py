"""Nothing is imported that gives something else than the file."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.errors import GraphError, WeightsError
from graphnn.importing.onnx import activations
from graphnn.importing.onnx.imported import Imported, ImportWishes, import_onnx

onnx = pytest.importorskip("onnx")
Import = Callable[..., Imported]
Write = Callable[..., Path]
DENSE = [("Gemm", "x w b", "h"), ("Relu", "h", "y")]


def random(*shape: int) -> Any:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


ARRAYS = {"w": random(4, 3), "b": random(3)}


def test_a_wrong_translation_is_noticed(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(activations.ALIKE, "Relu", "Tanh")
    with pytest.raises(GraphError, match=r"do not give what onnxruntime computes .* differ by .*; nothing was written"):
        import_onnx(write(DENSE, ARRAYS), ImportWishes())


def test_without_onnxruntime_the_evaluator_of_onnx_compares(imported: Import, monkeypatch: pytest.MonkeyPatch) -> None:
    assert imported(DENSE, ARRAYS).verified.by == "onnxruntime"
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert imported(DENSE, ARRAYS).verified.by == "onnx.reference"


@pytest.mark.parametrize("batch", [1, 3, 20])
def test_files_of_a_fixed_number_of_samples(batch: int, imported: Import) -> None:
    assert imported(DENSE, ARRAYS, batch=batch).verified.difference < 1e-6


def test_shared_weights_are_told(imported: Import) -> None:
    nodes = [("Gemm", "x w", "h"), ("Relu", "h", "r"), ("Gemm", "r w", "y")]
    assert 'share weights in the file ("w")' in imported(nodes, {"w": random(4, 4)}).notes[-1]


def test_stored_bytes(imported: Import) -> None:
    nodes = [("Cast", "x", "f", {"to": 1}), ("Div", "f c", "n"), ("Gemm", "n w b", "y")]
    found = imported(nodes, {**ARRAYS, "c": np.float32(255)}, dtype=onnx.TensorProto.UINT8)
    assert found.values["data"]["normalize"] == "unit"


def test_half_precision(write: Write) -> None:
    arrays = {key: array.astype(np.float16) for key, array in ARRAYS.items()}
    nodes = [("Gemm", "x w b", "h"), ("Cast", "h", "y", {"to": 1})]
    found = import_onnx(write(nodes, arrays, dtype=onnx.TensorProto.FLOAT16), ImportWishes())
    assert found.arrays["h/weights"].dtype == np.float32
    np.testing.assert_array_equal(found.arrays["h/weights"], arrays["w"].T)


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_weights_that_are_not_finite(value: float, write: Write) -> None:
    weights = random(4, 3)
    weights[1, 1] = value
    with pytest.raises((GraphError, WeightsError), match="not finite"):
        import_onnx(write(DENSE, {**ARRAYS, "w": weights}), ImportWishes())


def test_the_user_says_how_samples_were_normalised(imported: Import) -> None:
    wishes = ImportWishes(scale=255.0, mean=(0.5, 0.25, 0.75), std=(0.5, 0.5, 0.25))
    nodes = [("Conv", "x w", "c"), ("Relu", "c", "y")]
    found = imported(nodes, {"w": random(2, 3, 3, 3)}, (3, 5, 5), wishes=wishes)
    assert found.meta["normalisation"] == {
        "mode": "per_channel",
        "shape": [3, 5, 5],
        "offset": [127.5, 63.75, 191.25],
        "divisor": [127.5, 127.5, 63.75],
    }
    assert found.values["data"]["normalize"] == "per_channel"
    scaled = imported(nodes, {"w": random(2, 3, 3, 3)}, (3, 5, 5), wishes=ImportWishes(scale=255.0))
    assert scaled.meta["normalisation"]["mode"] == "unit"


def test_a_normalisation_that_does_not_fit(write: Write) -> None:
    with pytest.raises(GraphError, match="one number, or one for each of 4 channels"):
        import_onnx(write(DENSE, ARRAYS), ImportWishes(mean=(1.0, 2.0)))
    nodes = [("Div", "x c", "n"), ("Gemm", "n w b", "y")]
    with pytest.raises(GraphError, match="normalises its input itself"):
        import_onnx(write(nodes, {**ARRAYS, "c": np.float32(2)}), ImportWishes(scale=255.0))


def test_scores_of_classes_get_a_softmax(imported: Import) -> None:
    nodes = [("Gemm", "x w b", "y")]
    bare = imported(nodes, ARRAYS)
    assert bare.values["loss"] == {"type": "MeanSquaredError"}
    assert "import it with --softmax" in " ".join(bare.notes)
    found = imported(nodes, ARRAYS, wishes=ImportWishes(softmax=True, classes=("a", "b", "c")))
    assert [layer["type"] for layer in found.values["layers"]] == ["Dense", "Softmax"]
    assert found.values["loss"] == {"type": "CrossEntropy"}
    assert found.meta["classes"] == ["a", "b", "c"]


@pytest.mark.parametrize("classes", [("a", "b"), ("a", "b", "c", "d"), ("a", "b", "a")])
def test_as_many_classes_as_outputs(classes: tuple[str, ...], write: Write) -> None:
    with pytest.raises(GraphError, match="tells 3 classes apart"):
        import_onnx(write([("Gemm", "x w b", "y")], ARRAYS), ImportWishes(softmax=True, classes=classes))
    with pytest.raises(GraphError, match="add --softmax"):
        import_onnx(write([("Gemm", "x w b", "y")], ARRAYS), ImportWishes(classes=classes))


def test_samples_that_nothing_normalises_are_told(imported: Import) -> None:
    told = "the file does not normalise samples"
    assert told in imported(DENSE, ARRAYS).notes[0]
    assert told not in " ".join(imported(DENSE, ARRAYS, wishes=ImportWishes(scale=255.0)).notes)


def test_a_document_without_data_is_told(imported: Import, tmp_path: Path) -> None:
    told = "the document names no samples yet; import with --data"
    assert told in " ".join(imported(DENSE, ARRAYS).notes)
    np.savez(tmp_path / "own.npz", x_train=np.zeros((2, 4)), y_train=np.zeros((2, 4)))
    wishes = ImportWishes(data=str(tmp_path / "own.npz"))
    assert told not in " ".join(imported(DENSE, ARRAYS, wishes=wishes).notes)
