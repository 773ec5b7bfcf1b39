"""Confusion matrix, precision, recall and F1 against values worked out by hand."""

import numpy as np
import pytest

from graphnn.evaluation.metrics import (
    ClassScore,
    class_scores,
    confusion_matrix,
    label_scores,
    mean_score,
    most_confused,
)

MATRIX = np.array([[2, 1, 0], [0, 3, 0], [2, 0, 0]])


def test_confusion_matrix() -> None:
    y_gt, y_predicted = np.array([0, 0, 0, 1, 1, 1, 2, 2]), np.array([0, 0, 1, 1, 1, 1, 0, 0])
    np.testing.assert_array_equal(confusion_matrix(y_gt, y_predicted, 3), MATRIX)


def test_class_scores() -> None:
    zero, one, two = class_scores(MATRIX)
    assert zero == ClassScore(2 / 4, 2 / 3, pytest.approx(4 / 7), 3)
    assert one == ClassScore(3 / 4, 1.0, pytest.approx(6 / 7), 3)
    assert two == ClassScore(None, 0.0, 0.0, 2)


def test_a_class_that_is_not_there() -> None:
    assert class_scores(np.array([[4, 1], [0, 0]]))[1] == ClassScore(0.0, None, 0.0, 0)


def test_mean_of_the_figures_that_exist() -> None:
    mean = mean_score(class_scores(MATRIX))
    assert mean == ClassScore(pytest.approx(0.625), pytest.approx(5 / 9), pytest.approx((4 / 7 + 6 / 7) / 3), 8)
    assert mean_score([ClassScore(None, None, None, 0)]) == ClassScore(None, None, None, 0)


def test_label_scores() -> None:
    truth = np.array([[1, 0], [1, 1], [0, 0]], bool)
    said = np.array([[1, 1], [0, 1], [0, 0]], bool)
    assert label_scores(truth, said) == [
        ClassScore(1.0, 0.5, pytest.approx(2 / 3), 2),
        ClassScore(0.5, 1.0, pytest.approx(2 / 3), 1),
    ]


def test_most_confused() -> None:
    assert most_confused(MATRIX, 5) == [(2, 0, 2), (0, 1, 1)]
    assert most_confused(MATRIX, 1) == [(2, 0, 2)]
