"""Macro F1: by hand, by a plain loop, over pieces, and as evaluate shows it."""

import math

import numpy as np
import pytest

from graphnn.evaluation.metrics import class_scores, confusion_matrix, mean_score
from graphnn.losses.binary_cross_entropy import BinaryCrossEntropy
from graphnn.losses.cross_entropy import CrossEntropy

rng = np.random.default_rng(4)


def macro(loss, truth, y, parts=1, *, logits=False):
    count = len(y)
    pieces = np.array_split(np.arange(count), parts)
    sums = np.sum([loss.piece(truth[part], y[part], count, logits=logits) for part in pieces], axis=0)
    return loss.summarise(sums, count, y.shape[1:])["macro_f1"]


def plain(truth, predicted, classes):
    """The mean of the harmonic means, in words: of classes that are there or are predicted."""
    scores = []
    for each in range(classes):
        right = sum(1 for t, p in zip(truth, predicted, strict=True) if t == p == each)
        found, there = list(predicted).count(each), list(truth).count(each)
        if found + there:
            scores.append(2 / (found / right + there / right) if right else 0.0)
    return sum(scores) / len(scores)


def test_a_literal() -> None:
    """Classes 0: 2/3 and 2/2, F1 4/5; 1: never right, 0; 2: neither there nor predicted; 3: 1/1 and 1/2, 2/3."""
    truth, predicted = np.array([0, 0, 1, 3, 3]), np.array([0, 0, 0, 3, 1])
    assert macro(CrossEntropy(), truth, np.eye(4)[predicted]) == pytest.approx((4 / 5 + 0 + 2 / 3) / 3, rel=1e-15)


@pytest.mark.parametrize("classes", [2, 3, 12])
def test_labels_rows_and_pieces_equal_a_plain_loop(classes: int) -> None:
    truth, z = rng.integers(0, classes, 40) ** 2 // classes, rng.normal(size=(40, classes)).astype(np.float32)
    expected = plain(truth, z.argmax(axis=1), classes)
    for targets in (truth, np.eye(classes)[truth]):
        for parts in (1, 7):
            assert macro(CrossEntropy(), targets, z, parts, logits=True) == pytest.approx(expected, rel=1e-14)
    scores = class_scores(confusion_matrix(truth, z.argmax(axis=1), classes))
    assert mean_score(scores).f1 == pytest.approx(expected, rel=1e-14)


def test_one_output_tells_two_classes_apart() -> None:
    truth, z = rng.integers(0, 2, 50), rng.normal(size=(50, 1))
    expected = plain(truth, (z[:, 0] > 0).astype(int), 2)
    for targets in (truth, truth[:, None].astype(np.float32)):
        assert macro(BinaryCrossEntropy(), targets, z, 6, logits=True) == pytest.approx(expected, rel=1e-14)
    assert macro(BinaryCrossEntropy(), np.zeros(3, np.int64), np.zeros((3, 1))) == 1.0


def test_of_several_outputs_each_is_a_class() -> None:
    """Of 3 outputs: 1 right of 2 predicted and 1 there, 2/3; 0 of 1 there; and one that says nothing of nothing."""
    truth = np.array([[1, 0, 0], [0, 1, 0]])
    y = np.array([[0.9, 0.1, 0.2], [0.6, 0.3, 0.2]])
    assert macro(BinaryCrossEntropy(), truth, y, 2) == pytest.approx((2 / 3 + 0) / 2)
    assert math.isnan(macro(BinaryCrossEntropy(), np.zeros((2, 3)), np.zeros((2, 3))))
