"""The curves of one or several trainings over their epochs: losses, metrics and learning rates."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.metrics.base import METRICS, Metric
from graphnn.plots.lines import (
    Look,
    Points,
    any_decades,
    draw_line,
    draw_ring,
    epoch_axis,
    looks_of,
    lowest_shown,
    points_of,
    spans_decades,
    value_axis,
)
from graphnn.plots.style import LIGHT, Style, as_written, draw_title, drawable, new_figure, plain_axes, plain_settings
from graphnn.training.history import Record

WIDTH, HEIGHT, LINE = 4.1, 3.3, 0.2  # inches of a panel, and of a line of a legend
LETTERS = 11  # of a legend's text, in an inch
LONGEST = 100  # characters of a name
FLOOR = -1.0  # where the axis of R² begins at the lowest, which is 1 at best and −1000 before the first epochs


@frozen_dataclass(kw_only=True)
class Curve:
    """One training, as far as it came.

    name: for the legend. records: of its epochs. best: the epoch that gets a ring; None for none. best_by: the metric
    by which it is the best, for the legend.
    """

    name: str
    records: Sequence[Record]
    best: int | None = None
    best_by: str = ""

    def parts(self, metric: str) -> Mapping[str, Points]:
        """Return the values of a metric in training and, if there are any, in validation."""
        validated = [(each.epoch, each.validation) for each in self.records if each.validation is not None]
        parts = {"training": [(each.epoch, each.training) for each in self.records], "validation": validated}
        return {
            part: points_of((epoch for epoch, _ in records), (figures.get(metric, math.nan) for _, figures in records))
            for part, records in parts.items()
            if records
        }

    @property
    def rates(self) -> Points:
        """The learning rate of the last step of each epoch."""
        return points_of((each.epoch for each in self.records), (each.learning_rate for each in self.records))


def draw_curves(trainings: Sequence[Curve], *, title: str = "", style: Style = LIGHT) -> Figure:
    """Return a figure with a panel for the loss, for each further metric, and for the learning rate, over the epochs.

    Validation is a solid line, training a dashed one; of several trainings, each has a colour. The best epoch has a
    ring. A value that is not finite leaves a gap, an epoch without validation none. An axis is logarithmic where its
    values are positive and span three decades, that of the rate where many are below a tenth of the largest.
    Raises ValueError where no training has an epoch.
    """
    drawn = [each for each in trainings if each.records]
    if not drawn:
        raise ValueError("no training has finished an epoch, so there is nothing to draw")
    looks = looks_of(len(drawn), style)
    metrics = metrics_of(drawn)
    names = [drawable(each.name, LONGEST) for each in drawn]
    epochs = [record.epoch for each in drawn for record in each.records]
    with plain_settings():
        figure, panels = grid(len(metrics) + 1, names, style)
        for axes, metric in zip(panels, metrics, strict=False):
            metric_panel(axes, drawn, looks, METRICS[metric], style)
        rate_panel(panels[-1], drawn, looks, style)
        for axes in panels:
            epoch_axis(axes, min(epochs), max(epochs))
        if title:
            draw_title(figure, title, style)
        legends(figure, drawn, looks, names, style)
    return figure


def metrics_of(trainings: Sequence[Curve]) -> list[str]:
    """Return the names of the metrics to draw: those that are shown where space is short, and that is watched."""
    names = dict.fromkeys(name for each in trainings for record in each.records for name in record.metrics)
    watched = {each.best_by for each in trainings}
    return [name for name in names if name in METRICS and (METRICS[name].brief or name in watched)]


def grid(panels: int, names: Sequence[str], style: Style) -> tuple[Figure, list[Axes]]:
    """Return a figure with a number of panels, at most three in a row, and room for the names of trainings."""
    columns = panels if panels <= 3 else 2
    rows = math.ceil(panels / columns)
    lines = 3 + math.ceil(len(names) / name_columns(names, columns * WIDTH))
    figure = new_figure(style, columns * WIDTH, rows * HEIGHT + lines * LINE)
    return figure, [figure.add_subplot(rows, columns, 1 + number) for number in range(panels)]


def metric_panel(
    axes: Axes, trainings: Sequence[Curve], looks: Sequence[Look], metric: type[Metric], style: Style
) -> None:
    """Draw the values of a metric, in training and in validation."""
    plain_axes(axes, style, metric.label)
    values: list[float] = []
    for training, look in zip(trainings, looks, strict=True):
        parts = training.parts(metric.name)
        for part, points in parts.items():
            draw_line(axes, points, part_look(part, parts, look, style, alone=len(trainings) == 1))
            values += [value for _, value in points]
        draw_ring(axes, parts.get("validation", parts["training"]), training.best, look)
    value_axis(axes, values, style, logarithmic=spans_decades(values))
    if metric.percent:
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.6g}%"))
    elif metric.higher_is_better and any(value < FLOOR for value in values) and any(value > 0 for value in values):
        axes.set_ylim(FLOOR, 1.05)
        axes.set_title(f"{metric.label}, without values below −{-FLOOR:g}", loc="left", fontsize=11)


def part_look(part: str, parts: Mapping[str, Points], look: Look, style: Style, *, alone: bool) -> Look:
    """Return how the values of a part are drawn: those of training dashed, and of one training in a second colour."""
    if part == "validation" or "validation" not in parts:
        return look
    return replace(look, dashed=True, color=style.lines[1] if alone else look.color)


def rate_panel(axes: Axes, trainings: Sequence[Curve], looks: Sequence[Look], style: Style) -> None:
    """Draw the learning rates."""
    plain_axes(axes, style, "learning rate")
    rates = [[rate for _, rate in training.rates] for training in trainings]
    for training, look in zip(trainings, looks, strict=True):
        draw_line(axes, training.rates, look)
    logarithmic = any_decades(rates)
    value_axis(axes, [rate for each in rates for rate in each], style, logarithmic=logarithmic)
    if logarithmic:
        axes.set_ylim(bottom=lowest_shown(rates))


def name_columns(names: Sequence[str], width: float) -> int:
    """Return how many names stand side by side in a legend of a width in inches."""
    return max(1, min(len(names), int(width * LETTERS) // (max(map(len, names)) + 6)))


def legends(
    figure: Figure, trainings: Sequence[Curve], looks: Sequence[Look], names: Sequence[str], style: Style
) -> None:
    """Say above the panels what the kinds of lines are and, of several trainings, below them which is which."""
    first, alone = looks[0], len(trainings) == 1
    parts = {part: points for each in trainings for part, points in each.parts("loss").items()}
    keys = {
        part: part_look(part, parts, first if alone else Look(color=style.text), style, alone=alone).line
        for part in reversed(parts)
    }
    if any(each.best is not None for each in trainings):
        keys[ring_name(trainings)] = first.ring if alone else Look(color=style.text).ring
    place_legend(figure, "outside upper right", keys, len(keys), style)
    if not alone:
        lines = {f"{number}": replace(look, dashed=False).line for number, look in enumerate(looks)}
        place_legend(figure, "outside lower center", lines, name_columns(names, figure.get_figwidth()), style, names)


def ring_name(trainings: Sequence[Curve]) -> str:
    """Return what a ring means: best validation loss, epoch 12; without the metric where it is not the same for all."""
    ringed = [each for each in trainings if each.best is not None]
    metrics = {each.best_by for each in ringed}
    if len(metrics) == 1 and metrics <= {*METRICS}:
        name, epoch = f"best validation {METRICS[metrics.pop()].label}", f", epoch {ringed[0].best}"
    else:
        name, epoch = "best epoch", f", {ringed[0].best}"
    return f"{name}{epoch}" if len(trainings) == 1 else name


def place_legend(
    figure: Figure,
    place: Literal["outside upper right", "outside lower center"],
    lines: Mapping[str, Mapping[str, Any]],
    columns: int,
    style: Style,
    names: Sequence[str] | None = None,
) -> None:
    """Draw a legend outside the panels. lines: the arguments of each line, by its name, unless `names` are given."""
    handles = [Line2D([], [], **arguments) for arguments in lines.values()]
    shown = figure.legend(
        handles, list(names or lines), loc=place, ncols=columns, frameon=False, fontsize=9, labelcolor=style.text
    )
    as_written(shown.get_texts())
