"""Class weights from a document to its weights file: by name, balanced, resumed, measured again, and refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.errors import GraphError
from graphnn.graph.class_weights import recorded
from graphnn.losses.cross_entropy import CrossEntropy
from graphnn.model.model import Model
from graphnn.runs.guessing import guess_of, learns_nothing
from graphnn.storage.weights import load_weights
from graphnn.training.history import Record

BALANCED = "loss.class_weights=balanced"
NAMES = ["no", "yes"]


def table(folder: Path, *, names: bool = True, yes: int = 20, no: int = 380) -> Path:
    """Write a document on a table of two overlapping classes, of which "yes" is rare, and return it."""
    rng = np.random.default_rng(5)
    rows = [(rng.normal(0), rng.normal(0), 0) for _ in range(no)] + [
        (rng.normal(1.2), rng.normal(1.2), 1) for _ in range(yes)
    ]
    order = rng.permutation(len(rows))
    lines = [f"{a:.4f},{b:.4f},{NAMES[y] if names else y}" for a, b, y in (rows[i] for i in order)]
    (folder / "rare.csv").write_text("a,b,answer\n" + "\n".join(lines) + "\n", encoding="utf-8")
    values = {
        "input": {"shape": [2]},
        "layers": [{"type": "Dense", "units": 2}, {"type": "Softmax"}],
        "loss": {"type": "CrossEntropy"},
        "optimizer": {"type": "Adam", "learning_rate": 0.05},
        "data": {"dataset": "csv", "path": "rare.csv", "target": "answer", "test_split": 0.25, "validation_split": 0.2},
        "training": {"epochs": 12, "batch_size": 16},
    }
    file = folder / "rare.json"
    file.write_text(json.dumps(values), encoding="utf-8")
    return file


def weigh(document: Path, weights: Any) -> Path:
    """Write class weights into a document, and return it."""
    values = json.loads(document.read_text())
    values["loss"]["class_weights"] = weights
    document.write_text(json.dumps(values, indent=1), encoding="utf-8")
    return document


def measured(graphnn: Callable[..., Any], document: Path, *arguments: str) -> Any:
    done = graphnn("evaluate", document, "--format", "json", *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_balanced_weights_find_the_rare_class(graphnn: Callable[..., Any], tmp_path: Path) -> None:
    """Of 400 samples 100 are to test and 60 to validate: 240 to train on, 12 of them yes."""
    document, recalls = table(tmp_path), []
    for weights in (None, "balanced"):
        done = graphnn("train", document if weights is None else weigh(document, weights))
        assert done.returncode == 0, done.stderr
        assert ("Class weights, balanced: no 0.526, yes 10." in done.stdout) == (weights is not None)
        found = measured(graphnn, document)
        final = load_weights(tmp_path / "rare.npz").meta["metrics"]["test"]["loss"]
        assert found["loss"] == pytest.approx(final, rel=1e-6)
        recalls.append(found["classes"][1]["recall"])
    assert load_weights(tmp_path / "rare.npz").meta["class_weights"] == pytest.approx([240 / 456, 10])
    assert recalls[0] < 0.5 < recalls[1], recalls


def contents(weights: Path) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in load_weights(weights).arrays.items()}


def test_weights_by_name_are_those_of_a_list(graphnn: Callable[..., Any], tmp_path: Path) -> None:
    document, short = table(tmp_path), ("--set", "training.epochs=2")
    arrays = []
    for weights in ('{"yes": 4}', "[1, 4]", '{"1": 4, "no": 1}'):
        output = tmp_path / f"{len(arrays)}.npz"
        done = graphnn(
            "train", document, "--quiet", "--output", output, "--set", f"loss.class_weights={weights}", *short
        )
        assert done.returncode == 0, done.stderr
        arrays.append(contents(output))
        assert load_weights(output).meta["class_weights"] == [1, 4]
    assert arrays[0] == arrays[1] == arrays[2]


def test_a_class_that_the_data_lack_is_refused_with_the_nearest(graphnn: Callable[..., Any], tmp_path: Path) -> None:
    document = weigh(table(tmp_path), {"Yes": 4})
    done = graphnn("train", document, "--quiet")
    assert done.returncode == 2
    assert 'loss.class_weights: unknown class "Yes"; did you mean "yes"? The classes: "no", "yes"' in done.stderr
    assert f"{document}:" in done.stderr
    assert not (tmp_path / "rare.npz").exists()


def test_any_number_of_threads_and_a_resumed_run_give_the_same_bits(train: Callable[..., Any], document: Path) -> None:
    weigh(document, "balanced")
    weights, found = document.with_suffix(".npz"), []
    for arguments in (["--threads", "1"], ["--threads", "3"]):
        assert train("--quiet", *arguments)[0] == 0
        found.append(contents(weights))
    assert train("--quiet", "--set", "training.epochs=1")[0] == 0
    assert train("--quiet", "--resume")[0] == 0
    found.append(contents(weights))
    assert found[0] == found[1] == found[2]


def test_a_run_with_weights_is_not_continued_without(train: Callable[..., Any]) -> None:
    assert train("--quiet", "--set", "training.epochs=1", "--set", BALANCED)[0] == 0
    code, _, errors = train("--quiet", "--resume")
    assert code == 2
    assert "loss.class_weights" in errors


def test_weights_that_do_not_record_any(graphnn: Callable[..., Any], trained: Path) -> None:
    done = graphnn("evaluate", trained, "--set", BALANCED, "--format", "json")
    assert done.returncode == 0
    assert "were not trained with balanced class weights, so that the loss is without any" in done.stderr
    assert json.loads(done.stdout)["loss"] == measured(graphnn, trained)["loss"]


@pytest.mark.parametrize("numbers", [[[1, 2], [1, 2]], [1, 2, 3], None])
def test_weights_that_record_those_of_another_loss(numbers: Any, tmp_path: Path) -> None:
    graph = Model.from_document(table(tmp_path), overrides=[BALANCED])._graph()
    found, text = recorded(graph, {"class_weights": numbers}, NAMES)
    assert text is not None
    assert (found.loss, "were not trained" in text) == (CrossEntropy(), True)
    found, text = recorded(graph, {"class_weights": [1, 2]}, NAMES)
    assert (found.loss, text) == (CrossEntropy(class_weights=(1, 2)), None)


def test_weights_by_number_are_those_of_the_document_whatever_the_file_says(
    graphnn: Callable[..., Any], trained: Path
) -> None:
    plain = measured(graphnn, trained)["loss"]
    twice = measured(graphnn, trained, "--set", f"loss.class_weights={[2] * 10}")["loss"]
    assert twice == pytest.approx(2 * plain, rel=1e-6)


def test_a_class_without_samples_is_told(train: Callable[..., Any]) -> None:
    code, _, errors = train("--dry-run", "--limit", "12", "--set", BALANCED)
    assert code == 0
    assert "balanced class weights: there are no samples to train on of " in errors
    assert ", so that the weight is 1" in errors


def test_a_dry_run_and_a_comparison(train: Callable[..., Any], graphnn: Callable[..., Any], document: Path) -> None:
    code, out, _ = train("--dry-run", "--set", 'loss.class_weights={"3": 100}')
    assert code == 0
    assert "class weights" in out
    for part in ((), ("--test",)):  # which is measured afterwards
        vary = ("--vary", 'loss.class_weights="balanced",[1,1,1,9,1,1,1,1,1,1]', "--limit", "64")
        done = graphnn("compare", document, *vary, *part)
        assert done.returncode == 0, done.stderr


def test_a_model_in_python(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    y = np.array([0] * 36 + [1] * 4)
    x = (rng.normal(size=(40, 2)) + y[:, None]).astype(np.float32)
    model = Model.from_document(table(tmp_path), overrides=[BALANCED])
    model.fit(x, y, batch_size=8, epochs=2)
    p = model.predict(x)
    each = -np.log(p[np.arange(40), y]) * np.where(y, 40 / 8, 40 / 72)
    assert model.evaluate(x, y)["loss"] == pytest.approx(each.mean(), rel=1e-5)
    model.fit(x[8:], y[8:], batch_size=8, epochs=1)  # counted anew
    p = model.predict(x)
    each = -np.log(p[np.arange(40), y]) * np.where(y, 32 / 8, 32 / 56)
    expected = pytest.approx(each.mean(), rel=1e-5)
    assert model.evaluate(x, y)["loss"] == expected
    model.save(tmp_path / "w.npz")
    again = Model.from_document(table(tmp_path), overrides=[BALANCED])
    again.load(tmp_path / "w.npz")
    assert again.evaluate(x, y)["loss"] == expected
    assert again.to_document()["loss"] == {"type": "CrossEntropy", "class_weights": "balanced"}


def test_a_model_takes_the_names_of_classes_from_its_weights(graphnn: Callable[..., Any], tmp_path: Path) -> None:
    document = weigh(table(tmp_path), {"yes": 4})
    assert graphnn("train", document, "--quiet", "--set", "training.epochs=2").returncode == 0
    model, x, y = Model.from_document(document), np.zeros((2, 2), np.float32), np.array([0, 1])
    with pytest.raises(GraphError, match=r'the class weights \{"yes": 4\} are not known as numbers yet: fit first, or'):
        Model.from_document(document, overrides=["data.normalize=none"]).evaluate(x, y)
    model.load(tmp_path / "rare.npz")
    p = model.predict(x)
    assert model.evaluate(x, y)["loss"] == pytest.approx(-(np.log(p[0, 0]) + 4 * np.log(p[1, 1])) / 2, rel=1e-5)
    before = model.predict(x)
    other = Model.from_document(weigh(document, {"maybe": 4}))
    with pytest.raises(GraphError, match='unknown class "maybe"; the classes: "no", "yes"'):
        other.load(tmp_path / "rare.npz")
    model.fit(x, y, epochs=1, batch_size=2)
    assert not np.array_equal(model.predict(x), before)


def record(epoch: int, loss: float, accuracy: float) -> Record:
    return Record(epoch, {"loss": loss, "accuracy": accuracy}, None, 0.1, 1.0, 1.0)


def test_guessing_is_measured_with_the_weights(tmp_path: Path) -> None:
    """With balanced weights each class counts ½, so that guessing has ln 2, whatever the accuracy."""
    from graphnn.graph.class_weights import with_class_weights
    from graphnn.training.samples import Samples

    model = Model.from_document(table(tmp_path), overrides=[BALANCED])
    y = np.array([0] * 90 + [1] * 10)
    graph = with_class_weights(model._graph(), y, None)
    guess = guess_of(Samples(np.zeros((100, 2), np.float32), y), graph)
    assert guess.loss == pytest.approx(np.log(2))
    assert learns_nothing([record(1, 0.70, 0.9), record(2, 0.6931, 0.95)], guess, 100, 0)
    assert not learns_nothing([record(1, 0.60, 0.8), record(2, 0.595, 0.8)], guess, 100, 0)
