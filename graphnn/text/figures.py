"""Losses, metrics and times as people read them."""

from collections.abc import Mapping

LABELS = {"mean_absolute_error": "mean absolute error", "r2": "R²"}


def label(metric: str) -> str:
    """Return the name of a metric in words."""
    return LABELS.get(metric, metric)


def figure(metric: str, value: float) -> str:
    """Return the value of a loss or metric: 98.33% for accuracy, else four decimals, or three digits of a small one."""
    if metric == "accuracy":
        return f"{value:.2%}"
    return f"{value:.4f}" if abs(value) >= 0.001 or value == 0 else f"{value:.2e}"


def figures(metrics: Mapping[str, float]) -> list[str]:
    """Return each metric as 'name value'."""
    return [f"{label(name)} {figure(name, value)}" for name, value in metrics.items()]
