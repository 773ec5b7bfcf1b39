"""An evaluation as Markdown and as rows, and the confusion matrix where there is less and less room."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.evaluation.evaluation import Evaluation, with_classes
from graphnn.evaluation.report import evaluation_report
from graphnn.reports.formats import render


def evaluation(**settings: Any) -> Evaluation:
    return Evaluation("test", 1234, Path("net.npz"), {"loss": 0.5, "accuracy": 0.75}, **settings)


@pytest.fixture
def classes() -> Evaluation:
    """Three classes, the last of which is neither there nor predicted."""
    y_gt, y_pred = np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])
    return with_classes(evaluation(), y_gt, y_pred, ("a long cat", "a long dog", "a long eel"))


def test_markdown(classes: Evaluation) -> None:
    assert render(evaluation_report(classes), "markdown").splitlines() == [
        "test part, 1,234 samples, net.npz",
        "",
        "- loss: 0.5000",
        "- accuracy: 75.00%",
        "",
        "| class | precision | recall | F1 | support |",
        "| :--- | ---: | ---: | ---: | ---: |",
        "| a long cat | 100.00% | 66.67% | 80.00% | 3 |",
        "| a long dog | 50.00% | 100.00% | 66.67% | 1 |",
        "| a long eel | – | – | – | 0 |",
        "| mean | 75.00% | 83.33% | 73.33% | 4 |",
        "",
        "confusion matrix: a row for each true class, a column for each predicted one",
        "",
        "|  | a long cat | a long dog | a long eel |",
        "| :--- | ---: | ---: | ---: |",
        "| a long cat | 2 | 1 | · |",
        "| a long dog | · | 1 | · |",
        "| a long eel | · | · | · |",
    ]


def test_one_row_for_each_class(classes: Evaluation) -> None:
    assert render(evaluation_report(classes), "csv").splitlines() == [
        "class,precision,recall,f1,support",
        "a long cat,1.0,0.6666666666666666,0.8,3",
        "a long dog,0.5,1.0,0.6666666666666666,1",
        "a long eel,,,,0",
    ]


def test_one_row_for_each_figure_of_regression() -> None:
    seen = evaluation(views="flip", averaged={"loss": 0.25})
    assert render(evaluation_report(seen), "csv").splitlines() == [
        "figure,views,value",
        "loss,none,0.5",
        "accuracy,none,0.75",
        "loss,flip,0.25",
    ]


@pytest.mark.parametrize(
    ("width", "titles"),
    [
        (46, ["a", "long", "cat", "a", "long", "dog", "a", "long", "eel"]),
        (45, ["0", "1", "2"]),
        (22, ["0", "1", "2"]),
        (21, ["true", "predict…", "samples"]),
    ],
)
def test_the_matrix_is_shown_in_the_room_that_there_is(width: int, titles: list[str], classes: Evaluation) -> None:
    lines = render(evaluation_report(classes), width=width).splitlines()
    last = max(number for number, line in enumerate(lines) if line.startswith("─"))
    assert lines[last - 1].split() == titles
