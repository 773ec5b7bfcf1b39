"""Tests of Model.export: the same files as of the command, and what is said where a model cannot be exported."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn import SGD, CrossEntropy, Dense, Dropout, Model, ReLU, Softmax
from graphnn.errors import GraphError
from graphnn.exporting.base import TARGETS, DrawnTarget, NotInstalled
from graphnn.exporting.onnx.running import run
from graphnn.types import Array

onnx = pytest.importorskip("onnx")
ARCHIVES = {".safetensors"}  # in which numbers alone are, so that nothing can be compared


def fitted(**settings: Any) -> tuple[Model, Array]:
    """Return a model that was trained a little, and its inputs."""
    rng = np.random.default_rng(0)
    x = rng.normal(3, 2, (400, 2, 2, 3)).astype(np.float32)
    model = Model(CrossEntropy(label_smoothing=0.1), SGD(0.1), name="mine", normalize="per_channel", **settings)
    for layer in (Dense(16, input_shape=(12,)), ReLU(), Dropout(0.2), Dense(3), Softmax()):
        model.add(layer)
    model.fit(x, x.reshape(400, -1).argmax(axis=1) // 4, epochs=3, progress=False)
    return model, x


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_file_gives_what_the_model_predicts(tmp_path: Path, dtype: str) -> None:
    model, x = fitted(dtype=dtype)
    text = model.export(tmp_path / "mine.onnx")
    y = run(tmp_path / "mine.onnx", x)
    assert np.abs(y - model.loss.beliefs(model.predict(x))).max() < 1e-6
    assert "largest difference" in text
    assert "32 of 32" in repr(text)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.long if name == "keras" else ()) for name in TARGETS]
)  # Keras takes seconds to start
def test_every_target_can_be_written(tmp_path: Path, name: str) -> None:
    model, _ = fitted()
    file = tmp_path / f"mine{TARGETS[name].suffix}"
    try:
        text = model.export(file, to=name)
    except NotInstalled as missing:
        pytest.skip(str(missing))
    assert file.stat().st_size > 0
    assert str(file) in text
    compared = not isinstance(TARGETS[name], DrawnTarget) and TARGETS[name].suffix not in ARCHIVES
    assert ("largest difference" in text) == compared


def test_figures_of_the_last_fit_are_in_the_file(tmp_path: Path) -> None:
    model, _ = fitted()
    model.export(tmp_path / "mine.onnx")
    found = {each.key: each.value for each in onnx.load(str(tmp_path / "mine.onnx")).metadata_props}
    figures = json.loads(found["graphnn.figures"])
    assert figures["epochs"] == 3
    assert figures["training"]["loss"] == model.history[-1].training["loss"]


def test_integers_are_calibrated_on_given_inputs(tmp_path: Path) -> None:
    model, x = fitted()
    text = model.export(tmp_path / "mine.onnx", quantize="int8", calibration=x)
    assert "256 samples of the training part" in text
    assert "accuracy" not in text
    assert "32 samples of the training part" in text
    y = run(tmp_path / "mine.onnx", x)
    assert 0 < np.abs(y - model.loss.beliefs(model.predict(x))).max() < 0.1
    with pytest.raises(GraphError, match="int8 is calibrated on training samples, and there are none; give some"):
        model.export(tmp_path / "mine.onnx", quantize="int8")


def test_what_the_name_does_not_say_is_asked_for(tmp_path: Path) -> None:
    model, _ = fitted()
    with pytest.raises(GraphError, match=r"mine.txt: its name does not say what to export to.*\.onnx \(onnx\)"):
        model.export(tmp_path / "mine.txt")
    with pytest.raises(GraphError, match='unknown target "onx"; did you mean "onnx"'):
        model.export(tmp_path / "mine.onnx", to="onx")
    (tmp_path / "other.onnx").write_bytes(b"mine")
    with pytest.raises(GraphError, match="is no export of graphnn"):
        model.export(tmp_path / "other.onnx")
    assert (tmp_path / "other.onnx").read_bytes() == b"mine"


def test_a_model_that_needs_constants_must_be_fitted_first(tmp_path: Path) -> None:
    model = Model(CrossEntropy(), SGD(0.1), normalize="per_channel")
    model.add(Dense(2, input_shape=(3,)))
    model.add(Softmax())
    with pytest.raises(GraphError, match='"per_channel" needs constants of the training data: fit first'):
        model.export(tmp_path / "new.onnx")
    assert not (tmp_path / "new.onnx").exists()
