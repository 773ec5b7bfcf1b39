"""An evaluation as a report: the figures, the scores of each class, and the confusion matrix."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, astuple
from typing import Any

from graphnn.evaluation.evaluation import Evaluation
from graphnn.evaluation.metrics import mean_score, most_confused
from graphnn.metrics.figures import label
from graphnn.reports.kinds import COUNT, SHARE, Kind, metric_kind
from graphnn.reports.report import Alternatives, Column, Fact, Facts, Lines, Part, Report, Table
from graphnn.text.colour import Meaning
from graphnn.text.numbers import count_text
from graphnn.text.visible import single_line
from graphnn.types import Array

SCORE_COLUMNS = (
    Column("class", key="class", least=8),
    Column("precision", SHARE, key="precision", absent="–"),
    Column("recall", SHARE, key="recall", absent="–"),
    Column("F1", SHARE, key="f1", absent="–"),
    Column("support", COUNT, key="support"),
)
FIGURE_ROWS = (Column("figure", key="figure"), Column("views", key="views"), Column("value", key="value"))
CONFUSED_COLUMNS = (Column("true", least=8), Column("predicted", least=8), Column("samples", COUNT))

Scale = tuple[tuple[float, Meaning | None], ...]

# The colours of a confusion matrix, each up to a share of the row.
RIGHT: Scale = (
    (0.4, Meaning.SHADE_1),
    (0.6, Meaning.SHADE_2),
    (0.8, Meaning.SHADE_3),
    (0.9, Meaning.SHADE_4),
    (1.0, Meaning.SHADE_5),
)
WRONG: Scale = (
    (0.01, None),
    (0.03, Meaning.WRONG_1),
    (0.06, Meaning.WRONG_2),
    (0.12, Meaning.WRONG_3),
    (1.0, Meaning.WRONG_4),
)
MOST_CONFUSED = 10  # pairs of classes that are shown where the whole matrix has no room


def evaluation_report(evaluation: Evaluation) -> Report:
    """Return the report of an evaluation; its rows are the classes or, for regression, the figures."""
    heading = f"{evaluation.part} part, {count_text(evaluation.count)} samples, {evaluation.weights}"
    parts: list[Part] = [Lines([heading]), Facts(list(figures(evaluation)))]
    rows = Table(FIGURE_ROWS, list(figure_rows(evaluation)))
    if evaluation.scores:
        scores = zip(evaluation.classes, evaluation.scores, strict=True)
        mean = ("mean", *astuple(mean_score(evaluation.scores)))
        rows = Table(SCORE_COLUMNS, [(name, *astuple(row)) for name, row in scores], last=mean)
        parts.append(rows)
    if evaluation.matrix is not None:
        parts.append(Alternatives(matrix_tables(evaluation.matrix, evaluation.classes)))
    return Report(parts, evaluation_values(evaluation), rows)


def figures(evaluation: Evaluation) -> Iterator[Fact]:
    """Yield the loss and the metrics, then those of outputs averaged over views."""
    for name, value in evaluation.figures.items():
        yield Fact(label(name), value, metric_kind(name))
    for name, value in evaluation.averaged.items():
        yield Fact(f"{label(name)} with {evaluation.views}", value, metric_kind(name))


def figure_rows(evaluation: Evaluation) -> Iterator[tuple[str, str, float]]:
    """Yield the loss and the metrics for programs, each with the views that outputs were averaged over."""
    yield from ((name, "none", value) for name, value in evaluation.figures.items())
    yield from ((name, evaluation.views, value) for name, value in evaluation.averaged.items())


def matrix_tables(matrix: Array, classes: Sequence[str]) -> list[Table]:
    """Return the confusion matrix with named columns, with numbered columns, and as the most frequent errors alone."""
    title = "confusion matrix: a row for each true class, a column for each predicted one"
    rows = [(name, *row) for name, row in zip(classes, matrix.tolist(), strict=True)]
    named = [Column(""), *(Column(single_line(name), COUNT, zero="·") for name in classes)]
    numbered = [
        Column("", Kind(right=True)),
        Column(""),
        *(Column(str(i), COUNT, zero="·") for i in range(len(classes))),
    ]
    pairs = [(classes[row], classes[column], count) for row, column, count in most_confused(matrix, MOST_CONFUSED)]
    return [
        Table(named, rows, title, styles=dict(shades(matrix, first=1))),
        Table(
            numbered, [(number, *row) for number, row in enumerate(rows)], title, styles=dict(shades(matrix, first=2))
        ),
        Table(CONFUSED_COLUMNS, pairs, "most confused classes (the whole matrix: --format json)"),
    ]


def shades(matrix: Array, first: int) -> Iterator[tuple[tuple[int, int], Meaning]]:
    """Yield the colour of each cell by its share of the row: right ones blue, wrong ones red.

    first: the column of the first class.
    """
    for row, counts in enumerate(matrix.tolist()):
        total = sum(counts)
        for column, count in enumerate(counts):
            if count == 0:
                yield (row, first + column), Meaning.FAINT
                continue
            scale = RIGHT if row == column else WRONG
            style = next(style for limit, style in scale if count <= limit * total)
            if style is not None:
                yield (row, first + column), style


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
