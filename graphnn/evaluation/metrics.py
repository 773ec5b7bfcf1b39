"""How good predictions are, class by class: the confusion matrix and what follows from it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from graphnn.types import Array


@dataclass(frozen=True)
class ClassScore:
    """Figures of one class, 0…1; None where they are 0/0: nothing of the class was predicted, or there was none.

    precision: of what was predicted to be of the class, the part that is. recall: of the class, the part that was
    predicted so. f1: their harmonic mean. support: number of samples of the class.
    """

    precision: float | None
    recall: float | None
    f1: float | None
    support: int


def confusion_matrix(y_gt: Array, y_predicted: Array, classes: int) -> Array:
    """Return the K×K counts of samples by true class (row) and predicted class (column), from two vectors of labels."""
    places = y_gt.astype(np.int64) * classes + y_predicted.astype(np.int64)
    return np.bincount(places, minlength=classes * classes).reshape(classes, classes)


def class_scores(matrix: Array) -> list[ClassScore]:
    """Return the figures of every class of a K×K confusion matrix."""
    return scores(np.diag(matrix), matrix.sum(axis=0), matrix.sum(axis=1))


def label_scores(y_gt: Array, y_predicted: Array) -> list[ClassScore]:
    """Return the figures of every one of K independent yes-or-no outputs, from two N×K arrays of truth values."""
    return scores((y_gt & y_predicted).sum(axis=0), y_predicted.sum(axis=0), y_gt.sum(axis=0))


def scores(right: Array, predicted: Array, actual: Array) -> list[ClassScore]:
    """Return figures from the counts of each class: rightly predicted, predicted, there."""
    return [
        ClassScore(ratio(hits, said), ratio(hits, there), ratio(2 * hits, said + there), there)
        for hits, said, there in zip(right.tolist(), predicted.tolist(), actual.tolist(), strict=True)
    ]


def ratio(part: int, whole: int) -> float | None:
    """Return part/whole, None for 0/0."""
    return part / whole if whole else None


def mean_score(rows: Sequence[ClassScore]) -> ClassScore:
    """Return the plain means of the figures that exist, and all the support."""

    def mean(values: Sequence[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return sum(known) / len(known) if known else None

    return ClassScore(
        mean([row.precision for row in rows]),
        mean([row.recall for row in rows]),
        mean([row.f1 for row in rows]),
        sum(row.support for row in rows),
    )


def most_confused(matrix: Array, count: int) -> list[tuple[int, int, int]]:
    """Return the largest (true class, predicted class, samples) off the diagonal, most samples first."""
    errors = matrix - np.diag(np.diag(matrix))
    order = np.argsort(-errors, axis=None, kind="stable")[:count]
    found = [divmod(int(place), len(matrix)) for place in order]
    return [(row, column, int(errors[row, column])) for row, column in found if errors[row, column]]
