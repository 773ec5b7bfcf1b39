"""Formats losses and metrics for people."""

from collections.abc import Mapping

from graphnn.metrics.base import METRICS


def label(metric: str) -> str:
    """Return the label of a metric, by its name."""
    return METRICS.find(metric).label


def figure(metric: str, value: float) -> str:
    """Return the value of a metric as text: 98.33% for a percentage, else 0.1234, or 1.23e-04 if it is small."""
    if METRICS.find(metric).percent:
        return f"{value:.2%}"
    return f"{value:.4f}" if abs(value) >= 0.001 or value == 0 else f"{value:.2e}"


def figures(metrics: Mapping[str, float]) -> list[str]:
    """Return each metric as 'label value'."""
    return [f"{label(name)} {figure(name, value)}" for name, value in metrics.items()]


def short_figures(metrics: Mapping[str, float]) -> str:
    """Return the figures in little space, as 'loss 0.1234 98.33%': a percentage needs no name, other metrics do."""
    return " ".join(
        figure(name, value)
        if METRICS.find(name).percent
        else f"{METRICS.find(name).short or label(name)} {figure(name, value)}"
        for name, value in metrics.items()
    )


def brief(metrics: Mapping[str, float]) -> dict[str, float]:
    """Return the metrics that are shown where space is short."""
    return {name: value for name, value in metrics.items() if METRICS.find(name).brief}
