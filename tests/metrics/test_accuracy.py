"""Accuracy of classes and of yes or no, from probabilities and from logits."""

import numpy as np
import pytest

from graphnn.losses.binary_cross_entropy import BinaryCrossEntropy
from graphnn.losses.cross_entropy import CrossEntropy
from graphnn.metrics.accuracy import Accuracy
from graphnn.metrics.outputs import Classes, YesOrNo
from graphnn.types import Array

rng = np.random.default_rng(0)
SCORES = rng.normal(size=(6, 4))
LABELS = np.array([3, 0, 1, 1, 2, 0])
ONE_HOT = np.eye(4)[LABELS]


def softmax(z: Array) -> Array:
    powers: Array = np.exp(z)
    return powers / powers.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("truth", [LABELS, ONE_HOT])
def test_accuracy(truth: Array) -> None:
    loss = CrossEntropy()
    expected = sum(int(row.argmax() == label) for row, label in zip(SCORES, LABELS, strict=True)) / 6
    for y, logits in ((SCORES, True), (softmax(SCORES), False)):
        summary = loss.summarise(loss.piece(truth, y, 6, logits=logits, dy=None), 6, (4,))
        assert list(summary) == list(loss.metrics((4,))) == ["loss", "accuracy", "macro_f1"]
        assert summary["accuracy"] == expected
        assert summary["loss"] == pytest.approx(loss(truth, softmax(SCORES)))


def test_of_equal_scores_the_first_is_the_predicted_one() -> None:
    y = np.array([[0.5, 0.5], [0.5, 0.5]])
    assert Accuracy().sums(Classes(np.array([0, 1]), y)) == 1


def test_binary_accuracy() -> None:
    loss, y, truth = BinaryCrossEntropy(), np.array([[0.6, 0.4], [0.9, 0.5]]), np.array([[1, 1], [0, 0]])
    summary = loss.summarise(loss.piece(truth, y, 2, logits=False, dy=None), 2, (2,))
    assert summary["accuracy"] == 0.5
    fused = loss.piece(truth, np.log(y / (1 - y)), 2, logits=True, dy=None)
    assert loss.summarise(fused, 2, (2,)) == pytest.approx(summary)
    assert list(summary) == list(loss.metrics((2,)))


def test_an_output_counts_as_a_part_of_its_sample() -> None:
    """Of 2×2 outputs 3 are right in the first sample and 4 in the second."""
    y, truth = np.array([[[0.9, 0.1], [0.8, 0.2]], [[0.1, 0.1], [0.1, 0.1]]]), np.zeros((2, 2, 2))
    truth[0, 0, 0] = 1
    assert Accuracy().sums(YesOrNo(truth, y)) == 7 / 4


def test_one_half_is_no_for_targets_and_for_predictions() -> None:
    """Of the targets ½ and 0.6, and of the probabilities ½ and 0.6, as they are and as logits, the second is yes."""
    half = np.array([[0.5, 0.6]])
    assert Accuracy().sums(YesOrNo(half, np.array([[0.4, 0.9]]))) == 1
    assert Accuracy().sums(YesOrNo(np.array([[0, 1]]), half)) == 1
    assert Accuracy().sums(YesOrNo(half, np.array([[0.0, 0.1]]), logits=True)) == 1
