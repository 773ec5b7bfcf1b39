"""The graphs of the page: figures of the room `plots`, drawn in the page's colours, with a description each."""

from collections.abc import Sequence

import numpy as np

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.metrics.base import METRICS
from graphnn.metrics.outputs import Classes, Numbers, Outputs, YesOrNo
from graphnn.page.regression import flat
from graphnn.page.subject import ReadRun, Subject
from graphnn.plots.curve_panels import curve_panels
from graphnn.plots.curves import Curve
from graphnn.plots.inline import PAGE, inline_svg
from graphnn.plots.predicted_and_true import draw_predicted, draw_residuals, drawn_points
from graphnn.plots.reliability import draw_reliability, reliability
from graphnn.plots.two_classes import draw_probabilities, draw_roc, roc
from graphnn.reports.kinds import percent_text, six_digits
from graphnn.text.visible import single_line
from graphnn.training.history import VALIDATION
from graphnn.types import Array

MOST_OUTPUTS = 4  # of a regression that are drawn
COLOURS = len(PAGE.lines)


@frozen_dataclass
class Chart:
    """A graph as an <svg> element. alt: what it shows, for those who do not see it."""

    svg: str
    alt: str
    caption: str = ""


@frozen_dataclass
class Key:
    """An entry of the legend of curves. number: of its colour, from 1."""

    name: str
    number: int
    dashed: bool = False


@frozen_dataclass
class Curves:
    """The curves of all runs. keys: what the colours mean. best: of one run, the epoch whose weights were kept."""

    graphs: tuple[Chart, ...]
    keys: tuple[Key, ...]
    best: int | None


def curves(subject: Subject) -> Curves | None:
    """Return the curves of the runs; None where none has finished an epoch."""
    runs = [run for run in subject.runs if run.history]
    if not runs:
        return None
    best = [best_epoch(run) for run in runs]
    drawn = [
        Curve(name=f"run {run.number}", records=run.history, best=each, best_by=kept(run).removeprefix(VALIDATION))
        for run, each in zip(runs, best, strict=True)
    ]
    graphs = tuple(
        Chart(inline_svg(figure, f"curve{number}"), f"{label} by epoch; {last_values(runs, label)}")
        for number, (label, figure) in enumerate(curve_panels(drawn, PAGE).items())
    )
    return Curves(graphs, tuple(keys(runs)), best[0] if len(runs) == 1 else None)


def keys(runs: Sequence[ReadRun]) -> Sequence[Key]:
    """Return the legend of the curves: the parts of one run, or the runs."""
    validated = any(record.validation is not None for run in runs for record in run.history)
    if len(runs) == 1:
        return [Key("validation", 1), Key("training", 2, dashed=True)] if validated else [Key("training", 1)]
    return [Key(f"run {run.number}", number % COLOURS + 1) for number, run in enumerate(runs)]


def kept(run: ReadRun) -> str:
    """Return the figure by which the document of a run keeps the best epoch; "" where it keeps the last."""
    training = {} if run.document is None else run.document.get("training", {})
    return str(training.get("keep_best") or "")


def best_epoch(run: ReadRun) -> int | None:
    """Return the epoch whose weights a run keeps, where its document keeps the best; None otherwise."""
    keep = kept(run)
    if not keep:
        return None
    from graphnn.training.monitor import Watch  # few documents keep the best

    watch = Watch(keep)
    for record in run.history:
        if record.validation is None or watch.metric in record.validation:
            watch.observe(record)
    return None if watch.best is None else watch.best.epoch


def last_values(runs: Sequence[ReadRun], label: str) -> str:
    """Return in words where the curves end."""
    ends = []
    for run in runs:
        last = run.history[-1]
        by_label = {"learning rate": last.learning_rate}
        for name, value in {**last.training, **(last.validation or {})}.items():
            if name in METRICS:
                by_label[METRICS[name].label] = value
        at = f" at {six_digits(by_label[label])}" if label in by_label else ""
        ends.append(f"run {run.number} ends after {last.epoch} epochs{at}")
    return "; ".join(ends)


def graphs_of(outputs: Outputs, shares: Array | None, names: Sequence[str]) -> list[Chart]:
    """Return the graphs of the outputs on a part of the data.

    shares: their probabilities; None for a regression. names: of the outputs.
    """
    if isinstance(outputs, Numbers):
        return regression_graphs(outputs, names)
    assert shares is not None
    if isinstance(outputs, Classes):
        sure = shares[np.arange(len(outputs.y)), outputs.predicted]
        return [reliability_graph(sure, outputs.predicted == outputs.truth)]
    assert isinstance(outputs, YesOrNo)
    return yes_or_no_graphs(outputs, shares)


def reliability_graph(sure: Array, right: Array) -> Chart:
    """Return the graph of how sure the network is against how often it is right."""
    found = reliability(sure, right)
    mean = [percent_text(float(each.mean())) for each in (sure, right)]
    caption = (
        f"On average it is {mean[0]} sure of what it says, and right in {mean[1]}. Points below the dashed line are "
        "too sure, points above it not sure enough; the larger, the more samples. Expected calibration error: "
        f"{percent_text(found.error)}."
    )
    alt = f"how often it is right, by how sure it is; on average {mean[0]} sure and {mean[1]} right"
    return Chart(inline_svg(draw_reliability(found, PAGE), "reliability"), alt, caption)


def yes_or_no_graphs(outputs: YesOrNo, shares: Array) -> list[Chart]:
    """Return the graphs of probabilities of yes, of all outputs together."""
    truth, predicted, yes = outputs.truth.reshape(-1), outputs.predicted.reshape(-1), shares.reshape(-1)
    graphs = [
        Chart(
            inline_svg(draw_probabilities(yes, truth, PAGE), "yes"),
            "how often each probability of yes is given, where yes is true and where no is",
            "Solid: where yes is true; dashed: where no is. The further apart, the better they are told from each "
            "other; what is right of the middle counts as yes.",
        )
    ]
    if truth.any() and not truth.all():
        false, hits, area = roc(yes, truth)
        graphs.append(
            Chart(
                inline_svg(draw_roc(false, hits, PAGE), "roc"),
                f"ROC curve; the area below it is {area:.4f}",
                f"What other thresholds than 50% would give. The area below the curve is {area:.4f}; 0.5 is guessing, "
                "1 is perfect.",
            )
        )
    sure = np.where(predicted, yes, 1 - yes)
    return [*graphs, reliability_graph(sure, predicted == truth)]


def regression_graphs(outputs: Numbers, names: Sequence[str]) -> list[Chart]:
    """Return the graphs of the first outputs of a regression. names: of all outputs."""
    truth, predicted = flat(outputs)
    found = []
    for number in range(min(MOST_OUTPUTS, truth.shape[1])):
        one, other = truth[:, number], predicted[:, number]
        name = "" if names == ("output 0",) else f", {single_line(names[number])}"
        drawn = len(drawn_points(len(one)))
        some = "" if drawn == len(one) else f" {drawn:,} of {len(one):,} samples are drawn."
        found.append(
            Chart(
                inline_svg(draw_predicted(one, other, f"predicted, by true{name}", PAGE), f"predicted{number}"),
                f"predicted against true values{name}: from {six_digits(one.min())} to {six_digits(one.max())}",
                f"On the dashed line, predictions are right.{some}",
            )
        )
        error = other - one
        found.append(
            Chart(
                inline_svg(draw_residuals(one, other, f"errors{name}", PAGE), f"errors{number}"),
                f"errors{name}: mean {six_digits(error.mean())}, deviation {six_digits(error.std())}",
                f"Mean {six_digits(error.mean())}, deviation {six_digits(error.std())}.",
            )
        )
    return found
