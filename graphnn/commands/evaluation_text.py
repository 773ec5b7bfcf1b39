"""An evaluation as text for the terminal, and as JSON values."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from graphnn.evaluation.evaluation import Evaluation
from graphnn.evaluation.metrics import ClassScore, mean_score, most_confused
from graphnn.text.figures import figure, label
from graphnn.text.numbers import count_text
from graphnn.text.tables import Column, bare_table, natural_width, table
from graphnn.types import Array

SCORE_COLUMNS = (
    Column("class", least=8),
    Column("precision", right=True),
    Column("recall", right=True),
    Column("F1", right=True),
    Column("support", right=True),
)
MOST_CONFUSED = 10  # pairs that are shown where the whole matrix has no room


def evaluation_text(evaluation: Evaluation, width: int | None) -> str:
    """Return the evaluation for a terminal of `width` columns."""
    lines = [f"{evaluation.part} part, {count_text(evaluation.count)} samples, {evaluation.weights}", ""]
    rows = [[label(name), figure(name, value)] for name, value in evaluation.figures.items()]
    rows += [
        [f"{label(name)} with {evaluation.views}", figure(name, value)] for name, value in evaluation.averaged.items()
    ]
    lines += bare_table((Column(""), Column("", right=True)), rows)
    if evaluation.scores:
        lines += ["", *score_lines(evaluation, width)]
    if evaluation.matrix is not None:
        lines += ["", *matrix_lines(evaluation.matrix, evaluation.classes, width)]
    return "\n".join(lines) + "\n"


def percent_text(value: float | None) -> str:
    """Return a part of the whole in percent; – for no value."""
    return "–" if value is None else f"{100 * value:.2f}%"


def score_lines(evaluation: Evaluation, width: int | None) -> list[str]:
    """Return the table of the classes' figures, their mean below."""

    def cells(name: str, row: ClassScore) -> list[str]:
        return [name, *map(percent_text, (row.precision, row.recall, row.f1)), count_text(row.support)]

    rows = [cells(name, row) for name, row in zip(evaluation.classes, evaluation.scores, strict=True)]
    rows.append(cells("mean", mean_score(evaluation.scores)))
    lines = table(SCORE_COLUMNS, rows, width, ruled=True)
    return [*lines[:-2], lines[-1], lines[-2]]  # the mean stands below the second rule


def matrix_lines(matrix: Array, classes: Sequence[str], width: int | None) -> list[str]:
    """Return the confusion matrix; where it has no room, the classes that were most often taken for another."""
    cells = [[count_text(value) if value else "·" for value in row] for row in matrix.tolist()]
    named = [[name, *row] for name, row in zip(classes, cells, strict=True)]
    named_columns = (Column(""), *(Column(name, right=True) for name in classes))
    numbered = [[str(number), *row] for number, row in enumerate(named)]
    numbers = (Column("", right=True), Column(""), *(Column(str(number), right=True) for number in range(len(classes))))
    room = width or 120
    title = "confusion matrix: a row for each true class, a column for each predicted one"
    for columns, rows in ((named_columns, named), (numbers, numbered)):
        if natural_width(columns, rows) <= room:
            return [title, "", *table(columns, rows)]
    pairs = [
        [classes[row], classes[column], count_text(number)]
        for row, column, number in most_confused(matrix, MOST_CONFUSED)
    ]
    columns = (Column("true", least=8), Column("predicted", least=8), Column("samples", right=True))
    return ["most confused classes (the whole matrix: --format json)", "", *table(columns, pairs, width)]


def evaluation_values(evaluation: Evaluation) -> dict[str, Any]:
    """Return the evaluation as JSON values."""
    values: dict[str, Any] = {
        "part": evaluation.part,
        "samples": evaluation.count,
        "weights": str(evaluation.weights),
        **evaluation.figures,
    }
    if evaluation.averaged:
        values[evaluation.views] = dict(evaluation.averaged)
    if evaluation.scores:
        rows = zip(evaluation.classes, evaluation.scores, strict=True)
        values["classes"] = [{"name": name, **asdict(row)} for name, row in rows]
        mean = asdict(mean_score(evaluation.scores))
        values["mean"] = {name: mean[name] for name in ("precision", "recall", "f1")}
    if evaluation.matrix is not None:
        values["confusion_matrix"] = evaluation.matrix.tolist()
    return values
