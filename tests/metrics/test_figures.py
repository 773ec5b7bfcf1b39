"""Losses and metrics as people read them."""

import pytest

from graphnn.errors import SpecError
from graphnn.metrics.figures import brief, figure, figures, label


@pytest.mark.parametrize(
    ("metric", "value", "text"),
    [
        ("accuracy", 0.98333, "98.33%"),
        ("accuracy", 1.0, "100.00%"),
        ("top_5_accuracy", 0.98333, "98.33%"),
        ("loss", 0.06544, "0.0654"),
        ("loss", 0.0000123, "1.23e-05"),
        ("loss", 0.0, "0.0000"),
        ("r2", -1.5, "-1.5000"),
    ],
)
def test_a_figure(metric: str, value: float, text: str) -> None:
    assert figure(metric, value) == text


def test_figures_have_names_in_words() -> None:
    metrics = {"loss": 1.0, "top_5_accuracy": 0.75, "mean_absolute_error": 0.5, "r2": 0.25}
    assert figures(metrics) == [
        "loss 1.0000",
        "top-5 accuracy 75.00%",
        "mean absolute error 0.5000",
        "R² 0.2500",
    ]


def test_what_is_shown_where_there_is_room_for_few() -> None:
    assert brief({"loss": 1.0, "accuracy": 0.5, "top_5_accuracy": 0.75}) == {"loss": 1.0, "accuracy": 0.5}
    assert list(brief({"loss": 1.0, "mean_absolute_error": 0.5, "r2": 0.25})) == ["loss", "mean_absolute_error", "r2"]


def test_a_metric_that_is_not_there() -> None:
    with pytest.raises(SpecError, match='unknown metric "top5_accuracy"; did you mean "top_5_accuracy"'):
        label("top5_accuracy")
