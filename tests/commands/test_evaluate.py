"""evaluate: its figures against plain numpy, its parts, its formats, and errors for unfit weights."""

import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.commands.evaluate import main
from graphnn.datasets.batches import split
from graphnn.datasets.loading import load
from graphnn.datasets.preparation import Normalisation
from graphnn.datasets.provenance import Provenance
from graphnn.graph.build import build_graph
from graphnn.graph.initialisation import initialise
from graphnn.specification.spec import read_spec
from graphnn.storage.weights import load_weights, save_weights
from graphnn.training.metadata import weights_metadata
from graphnn.types import Array

Shown = pytest.CaptureFixture[str]
CONSTANTS = Normalisation("per_channel", (1, 8, 8), (100.0,), (50.0,))  # not those that the data would give


def save(file: Path, /, **meta: Any) -> dict[str, Array]:
    """Write weights as they are before training beside the document, and return them."""
    spec = read_spec(file)
    arrays = initialise(build_graph(spec), 3).named()
    metadata = weights_metadata(
        spec.resolved(), classes=load("digits").classes, normalisation=CONSTANTS.to_json(), metrics={}
    )
    save_weights(file.with_suffix(".npz"), arrays, {**metadata, **meta})
    return arrays


def probabilities(x: Array, arrays: dict[str, Array]) -> Array:
    """Return the outputs of the small network, in plain numpy."""
    h = (x.reshape(len(x), 64).astype(np.float64) - 100) / 50
    h = h @ arrays["hidden/weights"].T + arrays["hidden/biases"]
    h = (h - arrays["norm/running_mean"]) / np.sqrt(arrays["norm/running_variance"] + 1e-5)
    h = np.maximum(h * arrays["norm/gamma"] + arrays["norm/beta"], 0) * 0.9
    z = h @ arrays["output/weights"].T + arrays["output/biases"]
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("part", ["test", "validation", "train"])
def test_figures_of_each_part(part: str, document: Path, capsys: Shown) -> None:
    arrays = save(document)
    data = load("digits")
    training, validation = split(len(data.x_train), 0.1, 1)
    chosen = {"train": training, "validation": validation}.get(part)
    x, y = (data.x_test, data.y_test) if chosen is None else (data.x_train[chosen], data.y_train[chosen])
    assert main([str(document), "--split", part, "--format", "json", "--batch-size", "50", "--threads", "2"]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    found = json.loads(shown.out)
    p = probabilities(x, arrays)
    assert found["samples"] == len(x)
    assert found["part"] == part
    assert found["loss"] == pytest.approx(-np.log(p[np.arange(len(y)), y]).mean(), rel=1e-5)
    assert found["accuracy"] == pytest.approx((p.argmax(axis=1) == y).mean())
    matrix = np.array(found["confusion_matrix"])
    assert matrix.sum() == len(x)
    assert np.trace(matrix) / len(x) == pytest.approx(found["accuracy"])
    assert [row["support"] for row in found["classes"]] == np.bincount(y).tolist()
    three = found["classes"][3]
    said = p.argmax(axis=1) == 3
    assert three["recall"] == pytest.approx((said & (y == 3)).sum() / (y == 3).sum())


def test_table(document: Path, capsys: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    save(document, classes=[f"the digit {n}" for n in range(10)])
    assert main([str(document)]) == 0
    out = capsys.readouterr().out
    lines = out.splitlines()
    assert max(map(len, lines[1:])) <= 80
    assert lines[0] == f"test part, 360 samples, {document.with_suffix('.npz')}"
    assert lines[2].split()[0] == "loss"
    assert lines[3].split()[0] == "accuracy"
    assert lines[4].split()[:2] == ["macro", "F1"]
    assert lines[5].split()[:2] == ["top-5", "accuracy"]
    (mean,) = (line for line in lines if line.startswith("mean "))
    assert mean.split()[3] == lines[4].split()[2]  # of the table of classes, the same figure
    assert "\nthe digit 3 " in out  # in the table of classes
    assert "\n3  the digit 3 " in out  # in the matrix, whose columns are numbered


def test_weights_rounded_to_float16_are_measured_and_written(document: Path, capsys: Shown) -> None:
    arrays = save(document)
    small = document.with_name("small.npz")
    assert main([str(document), "--float16", str(small), "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    with np.load(small) as file:
        assert {file[name].dtype for name in arrays} == {np.dtype(np.float16)}
        for name, array in arrays.items():
            np.testing.assert_array_equal(file[name], array.astype(np.float16))
    assert small.stat().st_size < document.with_suffix(".npz").stat().st_size
    assert main([str(document), "--weights", str(small), "--format", "json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert {**again, "weights": ""} == {**found, "weights": ""}  # what was written is what was measured
    assert main([str(document), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["loss"] != found["loss"]


def test_float16_refuses_large_weights_and_existing_files(document: Path, capsys: Shown) -> None:
    arrays = save(document)
    weights = document.with_suffix(".npz")
    before = weights.read_bytes()
    for name, said in ((weights, "is there already"), ("/nowhere/a.npz", "no folder"), ("a.txt", "ends in .npz")):
        assert main([str(document), "--float16", str(name)]) == 2
        assert said in capsys.readouterr().err
    assert weights.read_bytes() == before
    name = next(iter(arrays))
    save_weights(weights, {**arrays, name: np.full_like(arrays[name], 1e5)}, load_weights(weights).meta)
    small = document.with_name("small.npz")
    assert main([str(document), "--float16", str(small)]) == 2
    assert f'"{name}" holds numbers beyond 65,504' in capsys.readouterr().err
    assert not small.exists()


def test_figures_with_views_are_shown_beside_the_plain_ones(document: Path, capsys: Shown) -> None:
    arrays = save(document)
    data = load("digits")
    views = ["--set", "evaluation.test_time_augmentation=flip"]
    assert main([str(document), "--format", "json"]) == 0
    plain = json.loads(capsys.readouterr().out)
    assert main([str(document), *views, "--format", "json"]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""  # the weights do not depend on how they are measured
    found = json.loads(shown.out)
    flipped = found.pop("flip")
    assert found == plain
    z = sum(np.log(probabilities(x, arrays)) for x in (data.x_test, data.x_test[..., ::-1])) / 2
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    assert flipped["loss"] == pytest.approx(-np.log(p[np.arange(len(p)), data.y_test]).mean(), rel=1e-5)
    assert flipped["accuracy"] == pytest.approx((p.argmax(axis=1) == data.y_test).mean())
    assert main([str(document), *views]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.rsplit(maxsplit=1) for line in lines[2:10]] == [
        ["loss", f"{plain['loss']:.4f}"],
        ["accuracy", f"{plain['accuracy']:.2%}"],
        ["macro F1", f"{plain['macro_f1']:.2%}"],
        ["top-5 accuracy", f"{plain['top_5_accuracy']:.2%}"],
        ["loss with flip", f"{flipped['loss']:.4f}"],
        ["accuracy with flip", f"{flipped['accuracy']:.2%}"],
        ["macro F1 with flip", f"{flipped['macro_f1']:.2%}"],
        ["top-5 accuracy with flip", f"{flipped['top_5_accuracy']:.2%}"],
    ]


def test_settings_that_are_new_since_the_weights_were_written_are_no_difference(document: Path, capsys: Shown) -> None:
    old = read_spec(document).resolved()
    del old["evaluation"], old["data"]["augment"]
    save(document, document=old)
    assert main([str(document)]) == 0
    assert capsys.readouterr().err == ""
    assert main([str(document), "--set", 'data.augment=[{"type": "RandomFlip"}]']) == 0
    assert "data.augment: [] there, absent now; data.augment[0].type: absent there" in capsys.readouterr().err


def test_weights_trained_on_arrays_from_python_are_of_no_other_data_set(document: Path, capsys: Shown) -> None:
    old = read_spec(document).resolved()
    old["data"] |= {"dataset": "npz", "path": "unknown.npz"}
    save(document, document=old)
    assert main([str(document)]) == 0
    assert capsys.readouterr().err == ""


def test_weights_of_another_document_are_noted(document: Path, capsys: Shown) -> None:
    save(document)
    changes = ["training.epochs=9", "training.seed=2", "data.validation_split=0.2", "optimizer.momentum=0.5"]
    changes.append('loss.description="changes nothing"')
    assert main([str(document), *(part for change in changes for part in ("--set", change))]) == 0
    err = capsys.readouterr().err
    assert "was trained from another document: optimizer.momentum: 0.9 there, 0.5 now; " in err
    assert err.endswith("and 1 more\n")


def test_weights_that_do_not_know_their_document(document: Path, capsys: Shown) -> None:
    save(document, document=None)
    assert main([str(document)]) == 0
    assert capsys.readouterr().err == ""


def test_missing_weights(document: Path, capsys: Shown) -> None:
    assert main([str(document)]) == 2
    assert capsys.readouterr().err == (
        f"{document.with_suffix('.npz')}: no such file; train it first: graphnn train {document}\n"
    )


def test_missing_weights_that_runs_have(graphnn: Callable[..., Any], trained: Path) -> None:
    trained.with_suffix(".npz").unlink()
    assert graphnn("train", trained, "--limit", "100", "--quiet").returncode == 0
    assert not trained.with_suffix(".npz").exists()
    for command in (("evaluate", trained), ("predict", trained, "x.npy")):
        done = graphnn(*command)
        assert (done.returncode, done.stdout) == (2, "")
        advice = f"no such file; runs 1…2 have weights: graphnn runs {trained} --promote 1"
        assert done.stderr == f"{trained.with_suffix('.npz')}: {advice}\n"


def test_missing_weights_that_were_named(document: Path, capsys: Shown) -> None:
    save(document)
    assert main([str(document), "--weights", str(document.parent / "nett.npz")]) == 2
    assert f"did you mean {document.parent / 'net.npz'}?" in capsys.readouterr().err


def test_weights_that_do_not_fit(document: Path, capsys: Shown) -> None:
    save(document)
    assert main([str(document), "--set", "layers[0].units=1000000000000"]) == 2
    err = capsys.readouterr().err
    assert f"{document.with_suffix('.npz')}: these weights do not fit {document}:\n" in err
    assert '  "hidden/weights" is 1000000000000×64 in the network, 16×64 in the file\n' in err


def test_weights_that_are_not_finite(document: Path, capsys: Shown) -> None:
    arrays = save(document)
    arrays["hidden/biases"][0] = np.nan
    save_weights(document.with_suffix(".npz"), arrays, {})
    assert main([str(document)]) == 2
    assert '"hidden/biases" holds 1 value that is not finite' in capsys.readouterr().err


def test_weights_without_constants(document: Path, capsys: Shown) -> None:
    arrays = save(document)
    save_weights(document.with_suffix(".npz"), arrays, {})
    assert main([str(document)]) == 2
    assert (
        'holds no normalisation constants, but the document says "normalize": "per_channel"' in capsys.readouterr().err
    )
    assert main([str(document), "--set", 'data.normalize="none"']) == 0


def test_no_validation_part(document: Path, capsys: Shown) -> None:
    save(document)
    unsplit = ["--set", "data.validation_split=0"]
    assert main([str(document), "--split", "validation", *unsplit]) == 0  # that of the weights' training
    assert "data.validation_split 0.1" in capsys.readouterr().err
    save(document, data=Provenance("digits", seed=0, validation_split=0.0).to_json())
    assert main([str(document), "--split", "validation"]) == 2
    assert "the weights were trained with validation_split = 0" in capsys.readouterr().err
    save(document, document=None)
    assert main([str(document), "--split", "validation", *unsplit]) == 2
    assert "there is no validation part: the document says validation_split = 0" in capsys.readouterr().err


@pytest.fixture
def own_data(document: Path, small: dict[str, Any]) -> Callable[..., None]:
    """Return a function that changes the document to npz data, with given targets and last layer."""

    def make(y: Array, loss: str, *last: dict[str, Any]) -> None:
        x = np.random.default_rng(0).normal(size=(len(y), 3)).astype(np.float32)
        np.savez(document.parent / "samples.npz", x_train=x, y_train=y, x_test=x, y_test=y)
        small.update(
            input={"shape": [3]}, layers=list(last), loss={"type": loss}, data={"dataset": "npz", "path": "samples.npz"}
        )
        document.write_text(json.dumps(small))
        spec = read_spec(document)
        arrays = initialise(build_graph(spec), 0).named()
        save_weights(document.with_suffix(".npz"), arrays, {"normalisation": None})

    return make


def test_regression(own_data: Callable[..., None], document: Path, capsys: Shown) -> None:
    own_data(np.random.default_rng(1).normal(size=(40, 2)), "MeanSquaredError", {"type": "Dense", "units": 2})
    assert main([str(document), "--format", "json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == {
        "part",
        "samples",
        "weights",
        "loss",
        "mean_absolute_error",
        "r2",
    }
    assert main([str(document)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.rsplit(maxsplit=1)[0] for line in lines[2:]] == ["loss", "mean absolute error", "R²"]


@pytest.mark.parametrize("units", [1, 3])
def test_yes_or_no_outputs(units: int, own_data: Callable[..., None], document: Path, capsys: Shown) -> None:
    y = np.random.default_rng(1).integers(0, 2, (50, units)).astype(np.float32)
    dense = {"type": "Dense", "name": "out", "units": units, "use_bias": False}
    own_data(y, "BinaryCrossEntropy", dense, {"type": "Sigmoid"})
    assert main([str(document), "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    with np.load(document.with_suffix(".npz")) as file, np.load(document.parent / "samples.npz") as data:
        said = data["x_test"] @ file["out/weights"].T > 0
    assert found["accuracy"] == pytest.approx((said == (y > 0.5)).mean())
    assert ("confusion_matrix" in found) is (units == 1)
    assert [row["name"] for row in found["classes"]] == [str(i) for i in range(max(2, units))]
    assert found["classes"][-1]["support"] == y[:, -1].sum()
    assert main([str(document)]) == 0


def test_a_network_that_is_its_last_layer_only(own_data: Callable[..., None], document: Path, capsys: Shown) -> None:
    own_data(np.ones((50, 3)), "BinaryCrossEntropy", {"type": "Sigmoid"})
    assert main([str(document), "--format", "json"]) == 0
    with np.load(document.parent / "samples.npz") as data:
        assert json.loads(capsys.readouterr().out)["accuracy"] == pytest.approx((data["x_test"] > 0).mean())


def test_many_classes_are_shown_by_their_worst_confusions(
    own_data: Callable[..., None], document: Path, capsys: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    own_data(np.arange(120) % 60, "CrossEntropy", {"type": "Dense", "units": 60}, {"type": "Softmax"})
    assert main([str(document)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-14] == "most confused classes (the whole matrix: --format json)"
    assert all(len(line.split()) == 3 for line in lines[-10:])


def test_from_another_folder(document: Path, python: Callable[..., Any], root: Path) -> None:
    save(document)
    done = python(root / "tools/evaluate.py", document, cwd="/")
    assert (done.returncode, done.stderr) == (0, "")
    assert "accuracy" in done.stdout


def test_a_script_names_the_script_that_trains(document: Path, python: Callable[..., Any], root: Path) -> None:
    done = python("tools/evaluate.py", document, cwd=root)
    assert done.returncode == 2
    assert f"train it first: {shlex.quote(sys.executable)} tools/train.py {document}" in done.stderr
