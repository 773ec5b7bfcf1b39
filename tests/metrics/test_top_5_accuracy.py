"""Top-5 accuracy by hand, by a plain loop and by PyTorch; where scores are equal, and where it is not reported."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.losses.cross_entropy import CrossEntropy
from graphnn.metrics.outputs import Classes
from graphnn.metrics.top_5_accuracy import Top5Accuracy
from graphnn.storage.weights import load_weights
from graphnn.types import Array

SIX = np.array(
    [
        [6.0, 5.0, 4.0, 3.0, 2.0, 1.0],  # the last class is the sixth
        [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],  # the first class is the sixth
        [-1.0, -9.0, -2.0, -7.0, -3.0, -8.0],  # class 1 is the sixth
    ]
)


def within_five(truth: Array, y: Array) -> float:
    """Return how many of the samples are counted."""
    found = Top5Accuracy().sums(Classes(truth, y))
    assert isinstance(found, int)
    return found


@pytest.mark.parametrize(
    ("labels", "counted"), [([0, 5, 0], 3), ([5, 5, 0], 2), ([4, 1, 5], 3), ([5, 0, 1], 0), ([5, 0, 3], 1)]
)
def test_by_hand(labels: list[int], counted: int) -> None:
    truth = np.array(labels)
    assert within_five(truth, SIX) == counted
    assert within_five(np.eye(6)[truth], SIX) == counted
    assert within_five(0.4 * np.eye(6)[truth] + 0.1, SIX) == counted  # rows whose highest number is not 1


def test_classes_that_are_equal_at_the_fifth_place_are_all_among_the_five() -> None:
    y = np.array([[9.0, 8.0, 7.0, 6.0, 5.0, 5.0, 5.0, 0.0]])
    assert [within_five(np.array([label]), y) for label in range(8)] == [1, 1, 1, 1, 1, 1, 1, 0]
    y = np.array([[9.0, 8.0, 7.0, 6.0, 5.5, 5.0, 5.0, 0.0]])
    assert [within_five(np.array([label]), y) for label in range(8)] == [1, 1, 1, 1, 1, 0, 0, 0]
    assert within_five(np.array([3]), np.zeros((1, 8))) == 1


def test_what_is_not_a_number_is_not_right() -> None:
    y = np.full((1, 6), np.nan)
    assert within_five(np.array([2]), y) == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("classes", [6, 10, 300])
def test_it_equals_a_plain_loop(classes: int, dtype: Any) -> None:
    """Also with more classes than fit in 8 bits, and with scores that are often equal."""
    rng = np.random.default_rng(classes)
    labels = rng.integers(0, classes, 200)
    for y in (rng.normal(size=(200, classes)), rng.integers(0, 4, (200, classes))):
        y = y.astype(dtype)
        expected = sum(sum(score > row[label] for score in row) < 5 for row, label in zip(y, labels, strict=True))
        assert within_five(labels, y) == expected
        assert 0 < expected <= 200


def test_it_equals_pytorch() -> None:
    """With topk, where no scores are equal."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(3)
    y, labels = rng.normal(size=(500, 20)).astype(np.float32), rng.integers(0, 20, 500)
    best = torch.from_numpy(y).topk(5, dim=1).indices
    assert within_five(labels, y) == int((best == torch.from_numpy(labels)[:, None]).any(dim=1).sum())


@pytest.mark.parametrize("classes", [1, 5, 6])
def test_it_is_reported_of_more_than_five_classes(classes: int) -> None:
    loss, y, truth = CrossEntropy(), np.full((2, classes), 1 / classes), np.zeros(2, np.int64)
    summary = loss.summarise(loss.piece(truth, y, 2, logits=False), 2, (classes,))
    assert ("top_5_accuracy" in summary) == (classes > 5)
    assert summary.get("top_5_accuracy", 1) == 1


def test_pieces_probabilities_and_logits_give_the_same() -> None:
    rng = np.random.default_rng(0)
    z, truth, loss = rng.normal(size=(64, 10)), rng.integers(0, 10, 64), CrossEntropy()
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    counted = within_five(truth, z)
    assert 0 < counted < 64
    for y, logits in ((p, False), (z, True)):
        whole = loss.piece(truth, y, 64, logits=logits)
        parts = [loss.piece(truth[part], y[part], 64, logits=logits) for part in (slice(0, 7), slice(7, 64))]
        for sums in (whole, np.sum(parts, axis=0)):
            assert loss.summarise(sums, 64, (10,))["top_5_accuracy"] == counted / 64
        memory = y.copy()  # which the gradient replaces
        in_training = loss.piece(truth, memory, 64, logits=logits, dy=memory)
        assert loss.summarise(in_training, 64, (10,), training=True)["top_5_accuracy"] == counted / 64


def test_users_see_it_for_the_digits(graphnn: Callable[..., Any], root: Path, tmp_path: Path) -> None:
    weights = tmp_path / "w.npz"
    settings = ("--set", "training.epochs=2", "--set", "training.keep_best=validation_top_5_accuracy")
    done = graphnn("train", root / "models" / "digits.json", "--output", weights, "--threads", "1", *settings)
    assert (done.returncode, done.stderr) == (0, "")
    (epoch,) = (line for line in done.stdout.splitlines() if line.startswith("epoch 1/2"))
    assert epoch.count("top-5 accuracy") == 1, "of validation, because it is watched"
    assert "the best validation top-5 accuracy" in done.stdout
    with (tmp_path / "w.runs" / "0001" / "history.csv").open() as file:
        row, _ = csv.DictReader(file)
    columns = [name for name in row if name.endswith("accuracy")]
    assert columns == [f"{part}{name}" for part in ("", "validation_") for name in ("accuracy", "top_5_accuracy")]
    assert 0.5 < float(row["accuracy"]) < float(row["top_5_accuracy"]) < 1
    final = load_weights(weights).meta["metrics"]["test"]["top_5_accuracy"]
    assert f"Final test top-5 accuracy: {final:.2%}" in done.stdout
    evaluate = ("evaluate", root / "models" / "digits.json", "--weights", weights, "--threads", "1")
    shown = graphnn(*evaluate).stdout.splitlines()
    assert ["top-5", "accuracy", f"{final:.2%}"] in [line.split() for line in shown]
    assert json.loads(graphnn(*evaluate, "--format", "json").stdout)["top_5_accuracy"] == final


def test_users_do_not_see_it_for_five_classes(graphnn: Callable[..., Any], small: Any, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    y = np.arange(60) % 5
    x = (rng.random((60, 64)) + y[:, None]).astype(np.float32)
    np.savez(tmp_path / "five.npz", x_train=x, y_train=y, x_test=x[::-1], y_test=y[::-1])
    small["layers"][-2]["units"] = 5
    small["training"]["batch_size"] = 16
    small["data"] = {"dataset": "npz", "path": "five.npz", "validation_split": 0.2, "seed": 1}
    document = tmp_path / "net.json"
    document.write_text(json.dumps(small))
    done = graphnn("train", document, "--threads", "1")
    assert (done.returncode, done.stderr) == (0, "")
    header = (tmp_path / "net.runs" / "0001" / "history.csv").read_text().partition("\n")[0]
    shown = graphnn("evaluate", document, "--threads", "1").stdout
    for text in (done.stdout, header, shown):
        assert "accuracy" in text
        assert "top" not in text.replace("stop", "")
    done = graphnn("train", document, "--set", "training.keep_best=validation_top_5_accuracy")
    assert done.returncode == 2
    assert (
        'CrossEntropy gives no "validation_top_5_accuracy" for 5 outputs; it gives validation_loss, '
        "validation_accuracy" in done.stderr
    )
