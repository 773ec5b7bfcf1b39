"""The confusion matrix, and precision, recall and F1 of each class."""

from collections.abc import Sequence

import numpy as np

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.types import Array


@frozen_dataclass
class ClassScore:
    """Figures of one class, 0…1; None where they are 0/0, as the precision of a class that was never predicted.

    precision: the fraction of the samples predicted as this class that are of it. recall: the fraction of the samples
    of this class that are predicted as it. f1: their harmonic mean. support: the number of samples of this class.
    """

    precision: float | None
    recall: float | None
    f1: float | None
    support: int


def confusion_matrix(y_gt: Array, y_predicted: Array, classes: int) -> Array:
    """Return the K×K counts of samples by true class (row) and predicted class (column), from two vectors of labels."""
    cells = y_gt.astype(np.int64) * classes + y_predicted.astype(np.int64)
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


def class_scores(matrix: Array) -> list[ClassScore]:
    """Return the scores of each class of a K×K confusion matrix."""
    return scores(np.diag(matrix), matrix.sum(axis=0), matrix.sum(axis=1))


def label_scores(y_gt: Array, y_predicted: Array) -> list[ClassScore]:
    """Return the scores of each of K independent yes-or-no outputs, from two N×K boolean arrays."""
    return scores((y_gt & y_predicted).sum(axis=0), y_predicted.sum(axis=0), y_gt.sum(axis=0))


def scores(right: Array, predicted: Array, actual: Array) -> list[ClassScore]:
    """Return the scores of K classes from vectors of counts: samples predicted rightly, predicted, and of the class."""
    counts = zip(right.tolist(), predicted.tolist(), actual.tolist(), strict=True)
    return [ClassScore(ratio(tp, p), ratio(tp, n), ratio(2 * tp, p + n), n) for tp, p, n in counts]


def ratio(part: int, whole: int) -> float | None:
    """Return part/whole, None for 0/0."""
    return part / whole if whole else None


def mean_score(rows: Sequence[ClassScore]) -> ClassScore:
    """Return the unweighted means over the classes that have a figure, and the sum of the support."""

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
    """Return the `count` most frequent errors (true class, predicted class, samples), most samples first."""
    errors = matrix - np.diag(np.diag(matrix))
    order = np.argsort(-errors, axis=None, kind="stable")[:count]
    found = [divmod(int(cell), len(matrix)) for cell in order]
    return [(row, column, int(errors[row, column])) for row, column in found if errors[row, column]]
