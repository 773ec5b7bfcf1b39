"""Losses and metrics as people read them."""

from collections.abc import Mapping

from graphnn.metrics.base import METRICS


def label(metric: str) -> str:
    """Return the name of a metric in words."""
    return METRICS.find(metric).label


def figure(metric: str, value: float) -> str:
    """Return the value of a metric: 98.33% where it is read so, else four decimals, or three digits of a small one."""
    if METRICS.find(metric).percent:
        return f"{value:.2%}"
    return f"{value:.4f}" if abs(value) >= 0.001 or value == 0 else f"{value:.2e}"


def figures(metrics: Mapping[str, float]) -> list[str]:
    """Return each metric as 'name value'."""
    return [f"{label(name)} {figure(name, value)}" for name, value in metrics.items()]


def brief(metrics: Mapping[str, float]) -> dict[str, float]:
    """Return the metrics that are shown where there is room for few."""
    return {name: value for name, value in metrics.items() if METRICS.find(name).brief}
