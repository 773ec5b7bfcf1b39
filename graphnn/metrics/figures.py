"""Formats losses and metrics for people."""

import math
from collections.abc import Collection, Mapping

from graphnn.metrics.base import METRICS

UNDEFINED = "undefined"  # what is shown of a metric that is 0/0


def first_non_finite(metrics: Mapping[str, float]) -> str | None:
    """Return the name of the first metric that shows that a network diverges; None where all are as they should be."""
    wrong = (name for name, value in metrics.items() if not math.isfinite(value) and not is_undefined(name, value))
    return next(wrong, None)


def is_undefined(metric: str, value: float) -> bool:
    """Return whether a metric is NaN because the targets and predictions give none."""
    return math.isnan(value) and METRICS.find(metric).may_be_undefined


def label(metric: str) -> str:
    """Return the label of a metric, by its name."""
    return METRICS.find(metric).label


def figure(metric: str, value: float) -> str:
    """Return the value of a metric as text: 98.33% for a percentage, else 0.1234, or 1.23e-04 if it is small."""
    if is_undefined(metric, value):
        return UNDEFINED
    if METRICS.find(metric).percent:
        return f"{value:.2%}"
    return f"{value:.4f}" if abs(value) >= 0.001 or value == 0 else f"{value:.2e}"


def figures(metrics: Mapping[str, float]) -> list[str]:
    """Return each metric as 'label value'."""
    return [f"{label(name)} {figure(name, value)}" for name, value in metrics.items()]


def short_figures(metrics: Mapping[str, float]) -> str:
    """Return the figures in little space, as 'loss 0.1234 98.33%': the accuracy needs no name, other metrics do."""
    return " ".join(
        figure(name, value)
        if METRICS.find(name).percent and METRICS.find(name).brief
        else f"{METRICS.find(name).short or label(name)} {figure(name, value)}"
        for name, value in metrics.items()
    )


def brief(metrics: Mapping[str, float], also: Collection[str] = ()) -> dict[str, float]:
    """Return the metrics that are shown where space is short. also: names of others that are, as they are watched."""
    return {name: value for name, value in metrics.items() if METRICS.find(name).brief or name in also}
