"""The predictions of a regression against the truth, and their errors."""

import numpy as np
from matplotlib.figure import Figure

from graphnn.plots.style import Style, new_figure, plain_axes, plain_settings
from graphnn.types import Array

POINTS = 700  # that are drawn, evenly chosen from all samples
BINS = 30
SIZE = (4.1, 3.3)  # inches


def drawn_points(count: int) -> Array:
    """Return the positions of the samples that are drawn, of so many."""
    return np.unique(np.linspace(0, count - 1, min(count, POINTS)).astype(int))


def draw_predicted(truth: Array, predicted: Array, title: str, style: Style) -> Figure:
    """Return a figure with a point for each sample of n, and the line on which predictions are right."""
    with plain_settings():
        figure = new_figure(style, *SIZE)
        axes = figure.add_subplot()
        plain_axes(axes, style, title)
        kept = drawn_points(len(truth))
        low, high = float(min(truth.min(), predicted.min())), float(max(truth.max(), predicted.max()))
        axes.plot([low, high], [low, high], color=style.text, linewidth=0.9, linestyle=(0, (3, 3)))
        axes.plot(
            truth[kept], predicted[kept], "o", color=style.lines[0], markersize=3.2, alpha=0.55, markeredgewidth=0
        )
        axes.set_xlabel("true", fontsize=9)
        axes.set_ylabel("predicted", fontsize=9)
    return figure


def draw_residuals(truth: Array, predicted: Array, title: str, style: Style) -> Figure:
    """Return a figure of the errors predicted − true of n samples: how often each size of error occurs."""
    with plain_settings():
        figure = new_figure(style, *SIZE)
        axes = figure.add_subplot()
        plain_axes(axes, style, title)
        errors = predicted - truth
        reach = float(np.abs(errors).max()) or 1.0
        counts, edges = np.histogram(errors, np.linspace(-reach, reach, BINS + 1))
        axes.stairs(counts, edges, color=style.lines[0], fill=True, alpha=0.25)
        axes.stairs(counts, edges, color=style.lines[0], linewidth=1.4)
        axes.axvline(0, color=style.text, linewidth=0.9, linestyle=(0, (3, 3)))
        axes.set_xlabel("error: predicted − true", fontsize=9)
        axes.set_ylabel("samples", fontsize=9)
    return figure
