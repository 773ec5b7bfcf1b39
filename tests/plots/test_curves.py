"""The curves of trainings: what is drawn, on which axes, and with which names."""

import math
from collections.abc import Mapping

import matplotlib as mpl
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from graphnn.plots.curves import Curve, draw_curves
from graphnn.plots.saving import picture_bytes
from graphnn.plots.style import DARK, LIGHT
from graphnn.training.history import Record


def record(epoch: int, loss: float, validation: float | None = None, *, rate: float = 0.1) -> Record:
    """Return an epoch with a loss and an accuracy."""
    validated = None if validation is None else {"loss": validation, "accuracy": 0.5}
    return Record(epoch, {"loss": loss, "accuracy": 0.6}, validated, rate, 1.0, 100.0)


def curve(*records: Record, name: str = "run 1", best: int | None = None, best_by: str = "") -> Curve:
    return Curve(name=name, records=records, best=best, best_by=best_by)


def panels(figure: Figure) -> Mapping[str, Axes]:
    return {axes.get_title("left"): axes for axes in figure.axes}


def drawn(axes: Axes) -> list[tuple[list[float], list[float], str]]:
    """Return the lines of a panel: epochs, values and the kind of line."""
    return [([*line.get_xdata()], [*line.get_ydata()], line.get_linestyle()) for line in axes.lines]  # type: ignore[misc]


def legend_texts(figure: Figure) -> list[str]:
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def test_one_training_has_its_losses_its_accuracies_and_its_rate() -> None:
    figure = draw_curves([curve(record(1, 2.0, 2.5), record(2, 1.0, 1.5), best=2)], title="net.json")
    shown = panels(figure)
    assert list(shown) == ["loss", "accuracy", "learning rate"]
    assert drawn(shown["loss"]) == [
        ([1, 2], [2.0, 1.0], "--"),
        ([1, 2], [2.5, 1.5], "-"),
        ([2], [1.5], "None"),
    ]
    assert drawn(shown["learning rate"]) == [([1, 2], [0.1, 0.1], "-")]
    assert legend_texts(figure) == ["validation", "training", "best epoch, 2"]
    assert {axes.get_xlabel() for axes in figure.axes} == {"epoch"}
    assert shown["accuracy"].yaxis.get_major_formatter()(0.625) == "62.5%"


def test_the_ring_says_by_which_figure_an_epoch_is_the_best() -> None:
    by_loss = curve(record(1, 2.0, 2.5), best=1, best_by="loss")
    assert legend_texts(draw_curves([by_loss]))[2] == "best validation loss, epoch 1"
    assert legend_texts(draw_curves([by_loss, by_loss]))[2] == "best validation loss"
    by_accuracy = curve(record(1, 2.0, 2.5), best=1, best_by="accuracy")
    assert legend_texts(draw_curves([by_loss, by_accuracy]))[2] == "best epoch"


def test_several_trainings_have_colours_that_a_legend_names() -> None:
    trainings = [curve(record(1, 2.0), record(2, 1.0), name=f"run {number}") for number in range(1, 10)]
    figure = draw_curves(trainings)
    lines = panels(figure)["loss"].lines
    assert [line.get_color() for line in lines] == [*LIGHT.lines, *LIGHT.lines[:2]]
    sizes = [line.get_markersize() for line in lines]  # signs that tell lines apart are larger than points
    assert min(sizes[7:]) > max(sizes[:7])
    assert legend_texts(figure) == ["training", *(f"run {number}" for number in range(1, 10))]


def test_a_value_that_is_not_finite_is_a_gap_and_one_epoch_a_point() -> None:
    losses = [1.0, math.inf, 2.0, math.nan, 1e308]
    axes = panels(draw_curves([curve(*(record(1 + at, loss) for at, loss in enumerate(losses)))]))["loss"]
    (_, values, _), alone = drawn(axes)
    assert [math.isnan(value) for value in values] == [False, True, False, True, True]
    assert alone == ([1, 3], [1.0, 2.0], "None")
    (point,) = panels(draw_curves([curve(record(1, 1.0))]))["learning rate"].lines[1:]
    assert point.get_marker() == "o"


def test_epochs_without_validation_leave_no_gap() -> None:
    figure = draw_curves([curve(record(1, 3.0), record(2, 2.0, 2.5), record(3, 1.0), record(4, 1.0, 1.5))])
    assert drawn(panels(figure)["loss"])[1][:2] == ([2, 4], [2.5, 1.5])


@pytest.mark.parametrize(
    ("losses", "rates", "scales"),
    [
        ([2.0, 1.0, 0.1, 0.1], [0.1, 0.1, 0.01, 0.001], ("linear", "log")),
        ([2000.0, 1.0, 1.0, 1.0], [0.1, 0.09, 0.06, 0.0], ("log", "linear")),
        ([2000.0, 1.0, -1.0, 1.0], [0.1, 0.1, 0.1, 0.1], ("linear", "linear")),
    ],
)
def test_an_axis_is_logarithmic_where_values_span_decades(
    losses: list[float], rates: list[float], scales: tuple[str, str]
) -> None:
    records = [record(1 + at, loss, rate=rates[at]) for at, loss in enumerate(losses)]
    shown = panels(draw_curves([curve(*records)]))
    assert (shown["loss"].get_yscale(), shown["learning rate"].get_yscale()) == scales


def test_rates_that_differ_between_trainings_are_on_a_logarithmic_axis() -> None:
    rates = [[0.1, 0.05, 1e-9], [0.001, 0.0005, 1e-11]]
    trainings = [curve(*(record(1 + at, 1.0, rate=rate) for at, rate in enumerate(each))) for each in rates]
    axes = panels(draw_curves(trainings))["learning rate"]
    assert axes.get_yscale() == "log"
    assert 1e-7 < axes.get_ylim()[0] < 1e-5  # the ends of the cosines would take most of the axis


def test_a_regression_has_its_own_figures_and_its_worst_r2_does_not_flatten_the_others() -> None:
    values = [{"loss": 9.0, "mean_absolute_error": 3.0, "r2": r2} for r2 in (-400.0, 0.5, 0.75)]
    records = [Record(1 + at, each, None, 0.1, 1.0, 100.0) for at, each in enumerate(values)]
    shown = panels(draw_curves([curve(*records)]))
    assert list(shown) == ["loss", "mean absolute error", "R², without values below −1", "learning rate"]
    assert shown["R², without values below −1"].get_ylim() == (-1.0, 1.05)


def test_a_rate_that_never_changes_is_the_only_one_on_its_axis() -> None:
    axes = panels(draw_curves([curve(record(1, 2.0, rate=0.001), record(2, 1.0, rate=0.001))]))["learning rate"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["0.001"]


def test_nothing_but_nan_is_said_so() -> None:
    axes = panels(draw_curves([curve(record(1, math.nan))]))["loss"]
    assert [text.get_text() for text in axes.texts] == ["no finite value"]


def test_names_are_drawn_as_they_are_written() -> None:
    names = ["_a $x_1$", "b\n\x1b[31m\udcff" + "c" * 200]
    figure = draw_curves([curve(record(1, 1.0), name=name) for name in names], title="$\\frac$ \udcfe")
    first, second = legend_texts(figure)[1:]
    assert first == names[0]
    assert second == "b\\n\\u001b[31m\\xff".ljust(99, "c") + "…"
    assert b"<svg" in picture_bytes(figure, ".svg")


def test_no_epoch_is_an_error() -> None:
    with pytest.raises(ValueError, match="no training has finished an epoch"):
        draw_curves([curve()])


def test_the_picture_depends_on_no_setting_and_changes_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def draw() -> bytes:
        return picture_bytes(draw_curves([curve(record(1, 2.0, 1.0), record(2, 1.0, 0.5))], style=DARK), ".svg")

    plain = draw()
    monkeypatch.setitem(mpl.rcParams, "axes.titlepad", 30.0)
    monkeypatch.setitem(mpl.rcParams, "xtick.major.size", 20.0)
    before = dict(mpl.rcParams)
    assert draw() == plain
    assert dict(mpl.rcParams) == before
    assert DARK.ground.encode() in plain
