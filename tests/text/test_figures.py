"""Figures as people read them."""

import pytest

from graphnn.text.figures import figure, figures
from graphnn.text.numbers import clock


@pytest.mark.parametrize(
    ("metric", "value", "text"),
    [
        ("accuracy", 0.98333, "98.33%"),
        ("accuracy", 1.0, "100.00%"),
        ("loss", 0.06544, "0.0654"),
        ("loss", 0.0000123, "1.23e-05"),
        ("loss", 0.0, "0.0000"),
        ("r2", -1.5, "-1.5000"),
    ],
)
def test_a_figure(metric: str, value: float, text: str) -> None:
    assert figure(metric, value) == text


def test_figures_have_names_in_words() -> None:
    metrics = {"loss": 1.0, "mean_absolute_error": 0.5, "r2": 0.25}
    assert figures(metrics) == [
        "loss 1.0000",
        "mean absolute error 0.5000",
        "R² 0.2500",
    ]


@pytest.mark.parametrize(("seconds", "text"), [(0.2, "0:00"), (61.6, "1:02"), (3723, "1:02:03")])
def test_a_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text
