"""Numbers that stop being finite are never a result: exit code 3, with the node and the sample, file or batch."""

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.model.model import Model
from graphnn.reports.formats import render
from graphnn.reports.report import Report
from graphnn.runs.facts import RunFacts
from graphnn.storage.weights import load_weights, save_weights

Run = Callable[..., Any]
OUTPUT = 'layers[4] "output" (Dense) is the first whose output is not finite'
FORMATS = ("table", "json", "csv", "markdown")


def change(weights: Path, **factors: float) -> None:
    """Multiply arrays of a weights file."""
    file = load_weights(weights)
    for name, factor in factors.items():
        file.arrays[name.replace("__", "/")] *= np.float32(factor)
    save_weights(weights, file.arrays, file.meta)


@pytest.mark.parametrize("form", FORMATS)
def test_evaluate(trained: Path, graphnn: Run, form: str) -> None:
    change(trained.with_suffix(".npz"), output__weights=1e38)
    shown = graphnn("evaluate", trained, "--format", form)
    assert (shown.returncode, shown.stdout) == (3, "")
    assert f"the loss of {trained.with_suffix('.npz')} over the test part is nan: {OUTPUT}" in shown.stderr
    assert ", for sample 0 of " in shown.stderr


def test_evaluate_with_views_alone(trained: Path, graphnn: Run) -> None:
    """The weights of the pixels of the right half differ in sign, so that only mirror images overflow."""
    values = json.loads(trained.read_text())
    values |= {"input": {"shape": [1, 8, 8]}, "evaluation": {"test_time_augmentation": "flip"}}
    values["layers"] = [{"type": "Flatten"}, {"type": "Dense", "name": "output", "units": 10}, {"type": "Softmax"}]
    values["data"]["normalize"] = "none"
    trained.write_text(json.dumps(values))
    weights = np.zeros((10, 8, 8), np.float32)
    weights[:, 3, 6], weights[:, 3, 1] = 1e37, -1e37  # a pixel in the middle of the right half, and its mirror image
    file = load_weights(trained.with_suffix(".npz"))
    arrays = {"output/weights": weights.reshape(10, 64) * np.arange(10)[:, None], "output/biases": np.zeros(10)}
    save_weights(trained.with_suffix(".npz"), arrays, {**file.meta, "document": values, "normalisation": None})
    shown = graphnn("evaluate", trained)
    assert (shown.returncode, shown.stdout) == (3, "")
    assert "over the test part" in shown.stderr
    assert 'layers[1] "output" (Dense)' in shown.stderr


def test_evaluate_in_float16(trained: Path, graphnn: Run, tmp_path: Path) -> None:
    """The variance is so small that float16 makes it 0: with the smallest epsilon its inverse is too large."""
    values = json.loads(trained.read_text())
    values["layers"][1]["epsilon"] = 1e-45
    trained.write_text(json.dumps(values))
    change(trained.with_suffix(".npz"), hidden__weights=1e4, norm__running_variance=1e-12, norm__gamma=1e4)
    file = load_weights(trained.with_suffix(".npz"))
    file.meta["normalisation"]["divisor"] = [1e-6]  # float16 has no numbers so large, inputs may be
    save_weights(trained.with_suffix(".npz"), file.arrays, file.meta)
    assert graphnn("evaluate", trained).returncode == 0
    shown = graphnn("evaluate", trained, "--float16", tmp_path / "small.npz")
    assert (shown.returncode, shown.stdout) == (3, "")
    assert 'layers[1] "norm" (BatchNormalization) is the first whose output is not finite' in shown.stderr
    assert not (tmp_path / "small.npz").exists()


@pytest.mark.parametrize("form", FORMATS)
def test_predict_names_the_input_and_shows_the_others(trained: Path, graphnn: Run, tmp_path: Path, form: str) -> None:
    x = np.zeros((3, 1, 8, 8), np.float32)
    x[1] = 3e38
    np.save(tmp_path / "x.npy", x)
    change(trained.with_suffix(".npz"), hidden__weights=1e5)
    shown = graphnn("predict", trained, tmp_path / "x.npy", "--format", form)
    assert shown.returncode == 3
    assert f'{tmp_path / "x.npy"}[1]: the network\'s output is not finite: layers[0] "hidden"' in shown.stderr
    assert "x.npy[0]" in shown.stdout
    assert "x.npy[2]" in shown.stdout
    assert "x.npy[1]" not in shown.stdout
    assert "nan" not in shown.stdout.lower()


def test_predict_where_all_overflow(trained: Path, graphnn: Run, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones((30, 1, 8, 8), np.float32))
    change(trained.with_suffix(".npz"), hidden__weights=1e38, output__weights=1e38)
    shown = graphnn("predict", trained, tmp_path / "x.npy", "--format", "json")
    assert (shown.returncode, shown.stdout) == (3, "[]\n")
    assert "is the first whose output is not finite" in shown.stderr
    assert "and 20 more" in shown.stderr


def test_dry_run(document: Path, small: dict[str, Any], graphnn: Run) -> None:
    small["layers"][4]["initializer"] = {"type": "normal", "deviation": 1e38}
    document.write_text(json.dumps(small))
    shown = graphnn("train", document, "--dry-run")
    assert shown.returncode == 3
    assert "Dry run" not in shown.stdout
    assert f"in epoch 1 of 3, step 1 of 21: {OUTPUT}. No weight has changed yet" in shown.stderr


def test_final_figures_that_are_not_finite_leave_the_last_weights(trained: Path, graphnn: Run) -> None:
    """The test part alone overflows: 3e38 in one pixel of one image, which integers cannot show."""
    before = trained.with_suffix(".npz").read_bytes()
    values = json.loads(trained.read_text())
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 64)).astype(np.float32), rng.integers(0, 10, 40)
    x_test = x.copy()
    x_test[7] = 3e38
    np.savez(trained.parent / "data.npz", x_train=x, y_train=y, x_test=x_test, y_test=y)
    values["data"] = {"dataset": "npz", "path": "data.npz", "normalize": "none"}
    trained.write_text(json.dumps(values))
    shown = graphnn("train", trained)
    assert shown.returncode == 3
    assert "over the test part, after the last epoch, is nan" in shown.stderr
    assert "for sample 7 of 40" in shown.stderr
    assert "last.npz" in shown.stderr
    assert "Final" not in shown.stdout
    assert trained.with_suffix(".npz").read_bytes() == before
    folder = trained.parent / "net.runs" / "0002"
    assert load_weights(folder / "last.npz", check_finite=True).meta["metrics"]["epochs"] == 3
    assert not (folder / "weights.npz").exists()
    assert RunFacts.load(folder / "run.json").state == "diverged"


def test_compare_shows_figures_that_are_no_numbers_as_diverged(document: Path, graphnn: Run) -> None:
    """As an earlier version may have left them."""
    command = ("compare", document, "--limit", "200", "--set", "training.epochs=1", "--test", "--seeds", "0,1")
    assert graphnn(*command).returncode == 0
    file = document.parent / "net.runs" / "0002" / "run.json"
    facts = json.loads(file.read_text())
    assert facts["figures"]["test"]["loss"] > 0
    facts["figures"]["test"]["loss"] = None
    file.write_text(json.dumps(facts))
    shown = graphnn(*command)
    assert shown.returncode == 3
    assert "1 diverged" in shown.stdout
    (values,) = json.loads(graphnn(*command, "--format", "json").stdout, parse_constant=pytest.fail)
    assert values["diverged"] == 1
    assert len(values["accuracy"]["test"]["values"]) == 1


def test_json_has_no_number_that_is_not_finite() -> None:
    data = {"a": math.nan, "b": [1.5, math.inf], "c": [{"d": -math.inf}], "e": (math.nan,), "f": "NaN"}
    read = json.loads(render(Report(data=data), "json"), parse_constant=pytest.fail)
    assert read == {"a": None, "b": [1.5, None], "c": [{"d": None}], "e": [None], "f": "NaN"}


def regression(tmp_path: Path, targets: np.ndarray[Any, Any]) -> Path:
    """Write a document of regression with its data, and return it."""
    x = np.random.default_rng(0).normal(size=(len(targets), 3)).astype(np.float32)
    np.savez(tmp_path / "data.npz", x_train=x, y_train=targets, x_test=x, y_test=targets)
    values: Mapping[str, Any] = {
        "input": {"shape": [3]},
        "layers": [{"type": "Dense", "name": "out", "units": targets.shape[1]}],
        "loss": {"type": "MeanSquaredError"},
        "optimizer": {"type": "SGD"},
        "data": {"dataset": "npz", "path": "data.npz"},
        "training": {"epochs": 1, "batch_size": 8},
    }
    (tmp_path / "fit.json").write_text(json.dumps(values))
    return tmp_path / "fit.json"


def test_constant_targets_are_said(tmp_path: Path, graphnn: Run) -> None:
    targets = np.random.default_rng(1).normal(size=(20, 2))
    targets[:, 1] = 5
    document = regression(tmp_path, targets)
    assert graphnn("train", document, "--quiet").returncode == 0
    shown = graphnn("evaluate", document)
    assert shown.returncode == 0
    assert (
        "the target of output 1 is the same in all 20 samples of the test part, so that its R² is 0/0" in shown.stderr
    )


def test_first_weights_beyond_float32(document: Path, small: dict[str, Any], graphnn: Run) -> None:
    small["layers"][4]["initializer"] = {"type": "normal", "deviation": 3e38}
    document.write_text(json.dumps(small))
    shown = graphnn("train", document)
    assert shown.returncode == 2
    assert 'layers[4] "output": its weights would start from numbers beyond the range of float32' in shown.stderr


def test_from_python() -> None:
    from graphnn import SGD, CrossEntropy, Dense, Softmax
    from graphnn.errors import DivergenceError

    model = Model(CrossEntropy(), SGD(), normalize="none")
    model.add(Dense(3, name="first", input_shape=(2,)))
    model.add(Softmax())
    x = np.ones((300, 2), np.float32)
    model.fit(x, np.zeros(300, np.int64), epochs=1)
    x[270] = 3e38
    model._ready()[1].values["first"]["weights"][...] = 2
    for call in (lambda: model.predict(x), lambda: model.evaluate(x, np.zeros(300, np.int64))):
        with pytest.raises(DivergenceError, match=r'layers\[0\] "first" \(Dense\) is the first whose output') as caught:
            call()
        assert "270" in str(caught.value)
    assert np.isfinite(model.predict(x[:200])).all()
