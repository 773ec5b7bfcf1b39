"""How sure a network is, against how often it is right."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.plots.style import Style, new_figure, plain_axes, plain_settings
from graphnn.types import Array

BINS = 10
SIZE = (4.1, 3.3)  # inches


@frozen_dataclass
class Reliability:
    """Samples by how sure the network is of its prediction, in BINS ranges of equal width of 0…1.

    counts: of samples. sure: their mean probability, right: the share that is right; NaN where a range has none.
    error: the expected calibration error, the mean of |right − sure| over the samples. Source: Guo et al. 2017, "On
    calibration of modern neural networks".
    """

    counts: Array
    sure: Array
    right: Array
    error: float


def reliability(shares: Array, right: Array) -> Reliability:
    """Return how often n predictions with these probabilities are right. right: whether each is, n."""
    bins = np.minimum((shares * BINS).astype(int), BINS - 1)
    counts = np.bincount(bins, minlength=BINS)
    with np.errstate(invalid="ignore"):
        sure = np.bincount(bins, shares, BINS) / counts
        hits = np.bincount(bins, right, BINS) / counts
    error = float(np.nansum(counts * np.abs(hits - sure)) / max(1, len(shares)))
    return Reliability(counts, sure, hits, error)


def draw_reliability(found: Reliability, style: Style) -> Figure:
    """Return a figure: the share that is right over the probability; points are larger where there are more samples."""
    with plain_settings():
        figure = new_figure(style, *SIZE)
        axes = figure.add_subplot()
        plain_axes(axes, style, "right, by how sure it is")
        axes.plot([0, 1], [0, 1], color=style.text, linewidth=0.8, linestyle=(0, (3, 3)))
        known = found.counts > 0
        sizes = 18 + 160 * found.counts[known] / max(1, found.counts.max())
        axes.scatter(found.sure[known], found.right[known], s=sizes, color=style.lines[0], zorder=3)
        axes.set_xlabel("probability of the prediction", fontsize=9)
        axes.set_ylabel("share that is right", fontsize=9)
        least = float(found.sure[known].min()) if known.any() else 0.0
        axes.set_xlim(max(0.0, min(0.45, least) - 0.05), 1.03)
        axes.set_ylim(-0.03, 1.05)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(PercentFormatter(1, decimals=0))
    return figure
