"""Lines over the epochs of a training, and the axes that they are drawn on."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, NullFormatter

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.plots.style import Style

MARKERS = ("", "o", "s", "^", "D", "v")  # on lines, where there are more of them than colours
DASHED = (0, (3, 1.5))
FEW = 12  # epochs up to which each one is a point on the line
DECADES = 1000.0  # the ratio of the largest to the smallest value from which an axis is logarithmic
LARGEST = 1e300  # what an axis can show
Points = Sequence[tuple[int, float]]  # an epoch and its value each; NaN for no value


@frozen_dataclass(kw_only=True)
class Look:
    """How a line is drawn.

    marker: a sign on it, "" for none. order: which of two lines is above the other. thin: whether there are many lines.
    """

    color: str
    marker: str = ""
    dashed: bool = False
    order: int = 0
    thin: bool = False

    @property
    def line(self) -> dict[str, Any]:
        """The arguments of a line of matplotlib."""
        share = 0.65 if self.thin else 1.0
        width = share * (1.3 if self.dashed else 1.9)
        dashes = {"linestyle": DASHED if self.dashed else "-", "linewidth": width, "markeredgewidth": share}
        marker = {"marker": self.marker, "markersize": 4.5, "markerfacecolor": "none" if self.dashed else self.color}
        return {"color": self.color, "zorder": 2 + self.order / 1000, **marker, **dashes}

    @property
    def ring(self) -> dict[str, Any]:
        """The arguments of the ring around a point of the line."""
        size = {"markersize": 7, "markeredgewidth": 1.2} if self.thin else {"markersize": 10, "markeredgewidth": 1.6}
        face = {"markerfacecolor": "none", "markeredgecolor": self.color}
        return {"linestyle": "", "marker": "o", "zorder": 4, **face, **size}


def looks_of(count: int, style: Style) -> list[Look]:
    """Return the looks of a number of trainings: each of another colour, with a sign for each round of the colours."""
    colors = len(style.lines)
    return [
        Look(
            color=style.lines[number % colors],
            marker=MARKERS[number // colors % len(MARKERS)],
            order=number,
            thin=count > colors,
        )
        for number in range(count)
    ]


def points_of(epochs: Iterable[int], values: Iterable[float]) -> Points:
    """Return the values by epoch, NaN in place of those that are not finite or beyond what an axis can show."""
    return [(epoch, value if abs(value) < LARGEST else math.nan) for epoch, value in zip(epochs, values, strict=True)]


def draw_line(axes: Axes, points: Points, look: Look) -> None:
    """Draw a line with gaps for missing values, and as points those that it does not join to others."""
    epochs, values = [epoch for epoch, _ in points], [value for _, value in points]
    arguments = look.line
    if not look.marker and len(points) <= FEW:
        arguments |= {"marker": "o", "markersize": 3.5}
    axes.plot(epochs, values, markevery=max(1, len(points) // FEW), **arguments)
    around = [math.nan, *values, math.nan]
    alone = [
        point
        for point, before, after in zip(points, around, around[2:], strict=False)
        if math.isnan(before) and math.isnan(after) and not math.isnan(point[1])
    ]
    if alone:
        axes.plot(*zip(*alone, strict=True), **arguments | {"linestyle": "", "marker": look.marker or "o"})


def draw_ring(axes: Axes, points: Points, epoch: int | None, look: Look) -> None:
    """Draw a ring around the value of an epoch, if it has one."""
    for at, value in points:
        if at == epoch:
            axes.plot([at], [value], **look.ring)


def spans_decades(values: Sequence[float]) -> bool:
    """Whether the values, NaN aside, are all positive, and the largest is far larger than the smallest."""
    known = [value for value in values if not math.isnan(value)]
    return bool(known) and min(known) > 0 and max(known) / DECADES >= min(known)


def any_decades(rates: Sequence[Sequence[float]]) -> bool:
    """Whether the rates of trainings are positive, and their largest differ by ten or one falls to a tenth early.

    That is so of a rate that falls in steps; not of one that falls along a cosine, which is below a tenth in the last
    fifth of the epochs only, and whose shape a logarithmic axis would hide.
    """
    if min(map(min, rates)) <= 0:
        return False
    largest = [max(each) for each in rates]
    early = any(4 * sum(rate < max(each) / 10 for rate in each) >= len(each) for each in rates)
    return early or max(largest) >= 10 * min(largest)


def lowest_shown(rates: Sequence[Sequence[float]]) -> float:
    """Return where a logarithmic axis begins: hardly a rate is of interest that is far below its first decades."""
    return 0.7 * max(min(map(min, rates)), min(max(each) for each in rates) / 100)


def value_axis(axes: Axes, values: Sequence[float], style: Style, *, logarithmic: bool) -> None:
    """Make the vertical axis logarithmic or leave it linear, and say so where there is no value on it."""
    if all(math.isnan(value) for value in values):
        axes.set_yticks([])
        axes.text(0.5, 0.5, "no finite value", transform=axes.transAxes, ha="center", color=style.text)
    elif len({*values}) == 1:  # as a constant rate
        axes.set_yticks([values[0]], [f"{values[0]:.6g}".replace("-", "−")])
    elif logarithmic:
        axes.set_yscale("log")
        axes.yaxis.set_minor_formatter(NullFormatter())


def epoch_axis(axes: Axes, first: int, last: int) -> None:
    """Let the horizontal axis show whole epochs."""
    space = max(0.04 * (last - first), 0.5 if first == last else 0.1)
    axes.set_xlabel("epoch", fontsize=9)
    axes.set_xlim(first - space, last + space)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10], min_n_ticks=1))
