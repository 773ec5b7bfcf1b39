"""The figures of each class, and the confusion matrix as cells to draw."""

from collections.abc import Sequence
from dataclasses import astuple

import numpy as np

from graphnn.evaluation.evaluation import Evaluation
from graphnn.evaluation.metrics import ClassScore, mean_score, most_confused
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.reports.kinds import percent_text
from graphnn.types import Array

WRITTEN = 20  # classes up to which each cell has its number
DRAWN = 300  # classes up to which the matrix is drawn
LISTED = 200  # classes of which the figures are listed
SHADES = 10
PAIRS = 15  # of classes that are confused most
ABSENT = "–"


@frozen_dataclass
class ClassRow:
    """The figures of a class in words. number: its label. recall_share: 0…1, for a bar; None where there is none."""

    number: int
    name: str
    precision: str
    recall: str
    f1: str
    support: int
    recall_share: float | None


@frozen_dataclass
class Cell:
    """A cell of the matrix. share: of the samples of the true class, 0…1."""

    count: int
    share: float
    right: bool


@frozen_dataclass
class Shade:
    """All cells of a picture of the matrix with about one share. path: of an SVG, a square of side 1 for each cell."""

    opacity: float
    right: bool
    path: str


@frozen_dataclass
class Matrix:
    """A confusion matrix, rows true and columns predicted: as cells, or as shades where there are many classes."""

    cells: tuple[tuple[Cell, ...], ...]
    shades: tuple[Shade, ...]
    size: int


@frozen_dataclass
class Confusion:
    """A pair of classes, how many samples of one were taken for the other, and what share of the true one."""

    true: str
    predicted: str
    count: int
    share: str


@frozen_dataclass
class ClassFigures:
    """The figures of the classes, or of the LISTED ones with the lowest F1.

    exclusive: whether a sample has one class; else there is no matrix, nor where there are more classes than DRAWN.
    """

    names: tuple[str, ...]
    exclusive: bool
    rows: tuple[ClassRow, ...]
    mean: ClassRow
    matrix: Matrix | None
    confused: tuple[Confusion, ...]


def class_figures(evaluation: Evaluation) -> ClassFigures:
    """Return the figures of the classes of an evaluation, which has scores."""
    matrix, names = evaluation.matrix, evaluation.classes
    scores = evaluation.scores
    listed = sorted(range(len(names)), key=lambda at: (not scores[at].support, scores[at].f1 or 0.0))[:LISTED]
    rows = tuple(class_row(at, names[at], scores[at]) for at in sorted(listed))
    mean = class_row(0, "mean", mean_score(scores))
    if matrix is None:
        return ClassFigures(names, False, rows, mean, None, ())
    totals = matrix.sum(axis=1)
    confused = tuple(
        Confusion(names[true], names[predicted], count, percent_text(count / totals[true]))
        for true, predicted, count in most_confused(matrix, PAIRS)
    )
    drawn = drawn_matrix(matrix) if len(names) <= DRAWN else None
    return ClassFigures(names, True, rows, mean, drawn, confused)


def class_row(number: int, name: str, score: ClassScore) -> ClassRow:
    """Return the figures of a class in words."""
    precision, recall, f1, support = astuple(score)
    texts = [ABSENT if value is None else percent_text(value) for value in (precision, recall, f1)]
    return ClassRow(number, name, texts[0], texts[1], texts[2], support, recall)


def drawn_matrix(matrix: Array) -> Matrix:
    """Return a matrix K×K of counts as cells, or as shades where there are more than WRITTEN classes."""
    shares = matrix / np.maximum(1, matrix.sum(axis=1, keepdims=True))
    if len(matrix) > WRITTEN:
        return Matrix((), tuple(shades(shares)), len(matrix))
    cells = tuple(
        tuple(Cell(int(matrix[at, to]), float(shares[at, to]), at == to) for to in range(len(matrix)))
        for at in range(len(matrix))
    )
    return Matrix(cells, (), len(matrix))


def shades(shares: Array) -> Sequence[Shade]:
    """Return the cells of a matrix of shares by their shade; empty cells are in none."""
    steps = np.where(shares > 0, np.maximum(1, np.rint(SHADES * np.sqrt(shares))), 0).astype(int)
    diagonal = np.eye(len(shares), dtype=bool)
    found = []
    for right in (True, False):
        for step in range(1, SHADES + 1):
            cells = np.argwhere((steps == step) & (diagonal == right))
            if len(cells):
                path = "".join(f"M{to} {at}h1v1h-1z" for at, to in cells.tolist())
                found.append(Shade(step / SHADES, right, path))
    return found
