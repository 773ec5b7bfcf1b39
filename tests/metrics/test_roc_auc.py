"""ROC AUC: by hand and by all pairs; exact for any order, chunks and threads; undefined; watched; in files."""

import csv
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.layers.dense import Dense
from graphnn.layers.flatten import Flatten
from graphnn.layers.sigmoid import Sigmoid
from graphnn.losses.binary_cross_entropy import BinaryCrossEntropy
from graphnn.losses.cross_entropy import CrossEntropy
from graphnn.metrics.gathered import Gathered
from graphnn.metrics.outputs import Classes, YesOrNo
from graphnn.model.model import Model
from graphnn.optimizers.sgd import SGD
from graphnn.storage.weights import load_weights

rng = np.random.default_rng(8)


def auc(outputs, truth, y, parts=1, *, logits=True):
    """Gather in parts, in order, and return the figure."""
    loss = CrossEntropy() if outputs is Classes else BinaryCrossEntropy()
    gathered = Gathered(outputs, y.shape[1:])
    assert gathered.needed
    for part in np.array_split(np.arange(len(y)), parts):
        gathered.add(truth[part], y[part], logits=logits)
    sums = gathered.filled(loss.piece(truth, y, len(y), logits=logits))
    return loss.summarise(sums, len(y), y.shape[1:])["roc_auc"]


def by_pairs(truth, scores):
    won = 0.0
    for high in scores[truth == 1]:
        for low in scores[truth == 0]:
            won += 1.0 if high > low else 0.5 if high == low else 0.0
    return won / (np.count_nonzero(truth == 1) * np.count_nonzero(truth == 0))


def test_literals() -> None:
    """0.4 of yes beats 0.1 and ties with 0.4 of the no; 0.8 beats both: 3.5 of 4 pairs."""
    truth, y = np.array([0, 0, 1, 1]), np.array([[0.1], [0.4], [0.4], [0.8]])
    assert auc(YesOrNo, truth, y, logits=False) == 0.875
    assert auc(YesOrNo, 1 - truth, y, logits=False) == 0.125
    assert auc(YesOrNo, truth, np.full((4, 1), 0.3), logits=False) == 0.5
    assert auc(YesOrNo, truth, y > 0.4, logits=False) == 0.75


@pytest.mark.parametrize("ties", [True, False])
def test_it_equals_all_pairs_in_any_order_and_any_parts(ties: bool) -> None:
    truth = (rng.random(150) < 0.2).astype(np.int64)
    scores = rng.integers(-3, 4, 150).astype(np.float32) if ties else rng.normal(size=150).astype(np.float32)
    expected, order = by_pairs(truth, scores.astype(np.float64)), rng.permutation(150)
    for parts in (1, 2, 11):
        for chosen in (slice(None), order):
            assert auc(YesOrNo, truth[chosen], scores[chosen, None], parts) == expected
            two = np.stack([np.zeros(150, np.float32), scores], axis=1)
            assert auc(Classes, truth[chosen], two[chosen], parts) == expected
            assert auc(Classes, np.eye(2)[truth[chosen]], two[chosen], parts) == expected


def test_logits_tell_apart_what_probabilities_round_to_1() -> None:
    truth, z = np.array([0, 1]), np.array([[40.0], [41.0]], np.float32)
    assert auc(YesOrNo, truth, z) == 1.0
    assert auc(YesOrNo, truth, (1 / (1 + np.exp(-z))).astype(np.float32), logits=False) == 0.5


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_alone_is_undefined(label: int) -> None:
    assert math.isnan(auc(YesOrNo, np.full(3, label), np.arange(3.0)[:, None]))


def test_it_is_not_needed_of_other_outputs() -> None:
    assert not Gathered(Classes, (3,)).needed
    assert not Gathered(YesOrNo, (2,)).needed


def document(folder: Path, *, two: bool = False, alike: bool = False) -> Path:
    """Write a document on two overlapping clouds, with a file of validation samples of its own, and return it."""
    truth = np.repeat([0, 1, 0, 1], [200, 40, 90, 10])
    x = (rng.normal(size=(340, 3)) + truth[:, None]).astype(np.float32)
    order = rng.permutation(240)
    y = truth[:240][order]
    if alike:
        y[:] = 0
    np.savez(folder / "data.npz", x_train=x[:240][order], y_train=y, x_test=x[240:], y_test=truth[240:])
    values = {
        "input": {"shape": [3]},
        "layers": [{"type": "Dense", "units": 1 + two}, {"type": "Softmax" if two else "Sigmoid"}],
        "loss": {"type": "CrossEntropy" if two else "BinaryCrossEntropy"},
        "optimizer": {"type": "Adam", "learning_rate": 0.05},
        "data": {"dataset": "npz", "path": "data.npz", "validation_split": 0.25},
        "training": {"epochs": 4, "batch_size": 8, "keep_best": "validation_roc_auc"},
    }
    file = folder / "two.json"
    file.write_text(json.dumps(values), encoding="utf-8")
    return file


@pytest.mark.parametrize("two", [False, True])
def test_a_training_watches_it(graphnn: Callable[..., Any], tmp_path: Path, two: bool) -> None:
    file = document(tmp_path, two=two)
    found = []
    for threads in ("1", "2"):
        done = graphnn("train", file, "--threads", threads)
        assert done.returncode == 0, done.stderr
        assert "the best validation ROC AUC, 0." in done.stdout
        assert all("ROC AUC" in line for line in done.stdout.splitlines() if line.startswith("epoch "))
        final = load_weights(tmp_path / "two.npz").meta["metrics"]
        found.append(json.dumps(final))
        with sorted(tmp_path.glob("two.runs/*/history.csv"))[-1].open() as rows:
            history = list(csv.DictReader(rows))
        assert "roc_auc" not in history[0]
        values = [float(row["validation_roc_auc"]) for row in history]
        assert final["validation"]["roc_auc"] == max(values)
    assert found[0] == found[1]
    shown = json.loads(graphnn("evaluate", file, "--format", "json").stdout)
    assert shown["roc_auc"] == final["test"]["roc_auc"]
    model = Model.from_document(file)
    model.load(tmp_path / "two.npz")
    arrays = np.load(tmp_path / "data.npz")
    y = model.predict(arrays["x_test"])
    assert final["test"]["roc_auc"] == pytest.approx(by_pairs(arrays["y_test"], y[:, -1]), abs=1e-4)
    assert model.evaluate(arrays["x_test"], arrays["y_test"])["roc_auc"] == final["test"]["roc_auc"]


def test_views_of_images_that_are_their_own_mirror_image_have_the_same() -> None:
    model = Model(BinaryCrossEntropy(), SGD())
    model.add(Flatten(input_shape=(1, 4, 4)))
    model.add(Dense(1))
    model.add(Sigmoid())
    half, y = rng.normal(size=(300, 1, 4, 2)).astype(np.float32), rng.integers(0, 2, 300)
    x = np.concatenate([half, half[..., ::-1]], axis=3)
    plain, flipped = model.evaluate(x, y), model.evaluate(x, y, test_time_augmentation="flip")
    assert 0 < plain["roc_auc"] < 1
    assert flipped["roc_auc"] == plain["roc_auc"]


def test_it_is_the_same_in_python_for_several_chunks(tmp_path: Path) -> None:
    model = Model.from_document(document(tmp_path), overrides=["data.normalize=none"])
    x, y = rng.normal(size=(700, 3)).astype(np.float32), rng.integers(0, 2, 700)
    expected = by_pairs(y, model.predict(x)[:, 0].astype(np.float64))
    for threads in (1, 2):
        assert model.evaluate(x, y, threads=threads)["roc_auc"] == pytest.approx(expected, abs=1e-5)


def test_a_figure_that_validation_cannot_have_is_not_watched(graphnn: Callable[..., Any], tmp_path: Path) -> None:
    done = graphnn("train", document(tmp_path, alike=True))
    assert done.returncode == 2
    found = "none of the 60 samples to validate on is of the second class"
    assert f"validation_roc_auc is watched, but {found}; watch another figure, or " in done.stderr


def test_an_undefined_figure_is_null_in_json_and_a_word_for_people(graphnn: Callable[..., Any], tmp_path: Path) -> None:
    change = ("--set", "training.keep_best=validation_loss")
    file = document(tmp_path, alike=True)
    done = graphnn("train", file, *change)
    assert done.returncode == 0, done.stderr
    weights = tmp_path / "two.runs" / "0001" / "weights.npz"
    arguments = ("evaluate", file, *change, "--weights", weights, "--split", "validation")
    assert "ROC AUC   undefined" in graphnn(*arguments).stdout
    values = json.loads(graphnn(*arguments, "--format", "json").stdout)
    assert values["roc_auc"] is None
    assert load_weights(weights).meta["metrics"]["validation"]["roc_auc"] is None
    assert graphnn("runs", file).returncode == 0
    done = graphnn("compare", file, *change)
    assert done.returncode == 0, done.stderr
    assert "diverged" not in done.stdout
    assert graphnn("train", file, *change, "--resume", "--set", "training.epochs=6").returncode == 0
