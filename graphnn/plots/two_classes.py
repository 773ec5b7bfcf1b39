"""How well probabilities of yes tell two classes apart."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from graphnn.plots.style import Style, new_figure, plain_axes, plain_settings
from graphnn.types import Array

BINS = 20
SIZE = (4.1, 3.3)  # inches


def draw_probabilities(shares: Array, truth: Array, style: Style) -> Figure:
    """Return a figure: how often each probability of yes is given, where yes is true and where no is."""
    with plain_settings():
        figure = new_figure(style, *SIZE)
        axes = figure.add_subplot()
        plain_axes(axes, style, "probability of yes")
        edges = np.linspace(0, 1, BINS + 1)
        for answer, color, line in ((False, style.lines[1], (0, (3, 1.5))), (True, style.lines[0], "-")):
            counts, _ = np.histogram(shares[truth == answer], edges)
            axes.stairs(counts, edges, color=color, linewidth=1.9, linestyle=line)
            axes.stairs(counts, edges, color=color, fill=True, alpha=0.18)
        axes.axvline(0.5, color=style.text, linewidth=0.8, linestyle=(0, (3, 3)))
        axes.set_xlabel("probability of yes", fontsize=9)
        axes.set_ylabel("samples", fontsize=9)
        axes.set_xlim(-0.02, 1.02)
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    return figure


def roc(shares: Array, truth: Array) -> tuple[Array, Array, float]:
    """Return false and true positive rates of every threshold, from the highest, and the area below their curve.

    Samples of equal probability are counted at once. Both classes must have a sample. Source: Fawcett 2006, "An
    introduction to ROC analysis".
    """
    order = np.argsort(-shares, kind="stable")
    last = np.flatnonzero(np.append(np.diff(shares[order]) != 0, True))
    hits = np.append(0, np.cumsum(truth[order])[last])
    false = np.append(0, np.cumsum(~truth[order])[last])
    rates = false / false[-1], hits / hits[-1]
    return *rates, float(np.trapezoid(rates[1], rates[0]))


def draw_roc(false: Array, hits: Array, style: Style) -> Figure:
    """Return a figure of the curve of `roc`."""
    with plain_settings():
        figure = new_figure(style, *SIZE)
        axes = figure.add_subplot()
        plain_axes(axes, style, "ROC curve")
        kept = np.unique(np.linspace(0, len(false) - 1, min(len(false), 400)).astype(int))
        axes.plot([0, 1], [0, 1], color=style.text, linewidth=0.8, linestyle=(0, (3, 3)))
        axes.plot(false[kept], hits[kept], color=style.lines[0], linewidth=1.9)
        axes.set_xlabel("false alarms: share of no taken for yes", fontsize=9)
        axes.set_ylabel("found: share of yes taken for yes", fontsize=9)
        axes.set_xlim(-0.02, 1.02)
        axes.set_ylim(-0.02, 1.04)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(PercentFormatter(1, decimals=0))
    return figure
