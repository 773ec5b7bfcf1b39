"""The curves of trainings as one figure for each metric, for a page that places them by its width."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from graphnn.metrics.base import METRICS
from graphnn.plots.curves import Curve, metric_panel, metrics_of, rate_panel
from graphnn.plots.lines import epoch_axis, looks_of
from graphnn.plots.style import Style, new_figure, plain_settings

SIZE = (4.1, 2.9)  # inches
RATE = "learning rate"


def curve_panels(trainings: Sequence[Curve], style: Style) -> dict[str, Figure]:
    """Return a figure for each metric of `metrics_of`, and for the learning rate, by its label.

    The lines look as in `draw_curves`; there is no legend. Nothing where no training has an epoch.
    """
    drawn = [each for each in trainings if each.records]
    looks = looks_of(len(drawn), style)
    metrics = [METRICS[name] for name in metrics_of(drawn)]
    epochs = [record.epoch for each in drawn for record in each.records]
    figures = {}
    for label in (*(metric.label for metric in metrics), *([RATE] if drawn else [])):
        with plain_settings():
            figure = new_figure(style, *SIZE)
            axes = figure.add_subplot()
            if label == RATE:
                rate_panel(axes, drawn, looks, style)
            else:
                metric_panel(axes, drawn, looks, next(each for each in metrics if each.label == label), style)
            epoch_axis(axes, min(epochs), max(epochs))
            figures[label] = figure
    return figures
