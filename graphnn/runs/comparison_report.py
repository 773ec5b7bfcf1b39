"""The results of compared variants, as a report: a row for each, and its difference from the first."""

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.metrics.base import METRICS
from graphnn.metrics.figures import figure, label
from graphnn.reports.kinds import DURATION, Kind
from graphnn.reports.report import Column, Report, Table
from graphnn.runs.comparison import Training

ROWS = (
    Column("variant", key="variant"),
    Column("part", key="part"),
    Column("metric", key="metric"),
    Column("mean", key="mean"),
    Column("deviation", key="deviation"),
    Column("difference", key="difference"),
    Column("trainings", key="trainings"),
    Column("diverged", key="diverged"),
    Column("seconds", key="seconds"),
)


@frozen_dataclass
class Outcome:
    """The results of the trainings of one variant.

    figures: of each finished training, by part and metric. seconds: the time of each of them. diverged: how many of the
    other trainings diverged.
    """

    name: str
    figures: Sequence[Mapping[str, Mapping[str, float]]]
    seconds: Sequence[float]
    diverged: int

    def values(self, part: str, metric: str) -> list[float]:
        """Return the metric on one part, for each training that has it."""
        return [figures[part][metric] for figures in self.figures if part in figures]

    @property
    def mean_seconds(self) -> float | None:
        """The mean time of a finished training."""
        return statistics.fmean(self.seconds) if self.seconds else None


@frozen_dataclass
class Spread:
    """The values of a metric on one part in several trainings. diverged: how many have no value as they diverged."""

    values: Sequence[float]
    diverged: int = 0

    @property
    def mean(self) -> float | None:
        """The arithmetic mean; None without values."""
        return statistics.fmean(self.values) if self.values else None

    @property
    def deviation(self) -> float | None:
        """The sample standard deviation; None for fewer than two values."""
        return statistics.stdev(self.values) if len(self.values) > 1 else None

    def difference(self, base: "Spread") -> float | None:
        """Return the difference of the means; None unless both exist."""
        return None if self.mean is None or base.mean is None else self.mean - base.mean


@frozen_dataclass
class Compared:
    """The metric of a variant on one part, and its difference from that of the first; None unless both have it."""

    part: str
    spread: Spread
    difference: float | None


def comparison_report(trainings: Sequence[Training]) -> Report:
    """Return the report of all variants of which a training is finished or diverged.

    Differences are from the first variant. A cell is empty where a variant has no such figure.
    """
    outcomes = list(by_variant(trainings))
    measured = [figures for outcome in outcomes for figures in outcome.figures]
    if not any(outcome.figures or outcome.diverged for outcome in outcomes):
        return Report(data=[], rows=Table(ROWS, ()))
    parts = list(dict.fromkeys(part for figures in measured for part in figures)) or [trainings[0].parts[0]]
    metric = metric_of([figures for by_part in measured for figures in by_part.values()])
    lines = list(compared(outcomes, parts, metric))
    table = [
        (outcome.name, *(value for each in line for value in (each.spread, each.difference)), outcome.mean_seconds)
        for outcome, line in lines
    ]
    return Report(
        [Table(table_columns(parts, metric), table)],
        [values(outcome, line, metric) for outcome, line in lines],
        rows=Table(ROWS, [row for outcome, line in lines for row in plain_rows(outcome, line, metric)]),
    )


def compared(
    outcomes: Sequence[Outcome], parts: Sequence[str], metric: str
) -> Iterator[tuple[Outcome, list[Compared]]]:
    """Yield each variant that was trained, with its metric on each part; the first counts those that diverged."""
    base: dict[str, Spread] = {}
    for outcome in outcomes:
        if not outcome.figures and not outcome.diverged:
            continue
        line = []
        for part in parts:
            spread = Spread(outcome.values(part, metric), outcome.diverged if part == parts[0] else 0)
            difference = None if outcome is outcomes[0] else spread.difference(base.get(part, spread))
            base.setdefault(part, spread)
            line.append(Compared(part, spread, difference))
        yield outcome, line


def table_columns(parts: Sequence[str], metric: str) -> list[Column]:
    """Return the columns of the table for people, two for each part."""
    spread = Kind(lambda spread: spread_text(metric, spread), right=True)
    difference = Kind(lambda value: difference_text(metric, value), right=True)
    pairs = [(Column(f"{part}\n{label(metric)}", spread), Column("\ndifference", difference)) for part in parts]
    return [Column("variant", least=12), *(column for pair in pairs for column in pair), Column("\ntime", DURATION)]


def plain_rows(outcome: Outcome, line: Sequence[Compared], metric: str) -> Iterator[tuple[Any, ...]]:
    """Yield a row of values for each part that the variant was measured on, or for the first where all diverged."""
    for each in line:
        spread = each.spread
        if spread.values or spread.diverged:
            figures = (spread.mean, spread.deviation, each.difference, len(spread.values), outcome.diverged)
            yield outcome.name, each.part, metric, *figures, outcome.mean_seconds


def values(outcome: Outcome, line: Sequence[Compared], metric: str) -> dict[str, Any]:
    """Return one variant as JSON values, without the parts that it was not measured on."""
    measured = [each for each in line if each.spread.values]
    figures = {
        each.part: {
            "mean": each.spread.mean,
            "deviation": each.spread.deviation,
            "difference": each.difference,
            "values": list(each.spread.values),
        }
        for each in measured
    }
    seconds = outcome.mean_seconds
    return {"variant": outcome.name, "diverged": outcome.diverged, "seconds": seconds, metric: figures}


def by_variant(trainings: Sequence[Training]) -> Iterator[Outcome]:
    """Yield the outcome of each variant."""
    for variant in dict.fromkeys(training.variant for training in trainings):
        own = [training for training in trainings if training.variant == variant]
        measured = [training for training in own if training.measured and not training.diverged]
        figures, seconds = [training.figures for training in measured], [training.seconds for training in measured]
        yield Outcome(variant.name, figures, seconds, sum(each.diverged for each in own))


def metric_of(figures: Iterable[Mapping[str, float]]) -> str:
    """Return the metric that the table shows: the first brief one besides the loss that all have, else the loss."""
    names = list(figures)
    if not names:  # all diverged
        return "loss"
    brief = (name for name in names[0] if name in METRICS and METRICS[name].brief)
    return next((name for name in brief if name != "loss" and all(name in each for each in names)), "loss")


def spread_text(metric: str, spread: Spread) -> str:
    """Return the mean and the deviation, and how many trainings diverged."""
    text = "" if spread.mean is None else figure(metric, spread.mean)
    if spread.deviation is not None:
        text += f" ± {figure(metric, spread.deviation)}"
    if not spread.diverged:
        return text
    return f"{text}, {spread.diverged} diverged" if text else "diverged"


def difference_text(metric: str, value: float) -> str:
    """Return a difference with its sign."""
    return f"{'−' if value < 0 else '+'}{figure(metric, abs(value))}"
