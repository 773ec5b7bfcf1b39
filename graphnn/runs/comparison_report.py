"""What came out of trainings of variants, as a report: a row for each, and how it differs from the first."""

import statistics
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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


@dataclass(frozen=True)
class Outcome:
    """What came out of the trainings of one variant.

    figures: of each that is at its end, by part and metric. seconds: of each of them. diverged: how many others did.
    """

    name: str
    figures: Sequence[Mapping[str, Mapping[str, float]]]
    seconds: Sequence[float]
    diverged: int

    def values(self, part: str, metric: str) -> list[float]:
        """Return the metric on one part, of the trainings that have it."""
        return [own[part][metric] for own in self.figures if part in own]

    @property
    def mean_seconds(self) -> float | None:
        """How long one of those at their end took."""
        return statistics.fmean(self.seconds) if self.seconds else None


@dataclass(frozen=True)
class Spread:
    """A metric of several trainings on one part. diverged: how many have none because they diverged."""

    values: Sequence[float]
    diverged: int = 0

    @property
    def mean(self) -> float | None:
        """The arithmetic mean."""
        return statistics.fmean(self.values) if self.values else None

    @property
    def deviation(self) -> float | None:
        """The sample's standard deviation, where there are several values."""
        return statistics.stdev(self.values) if len(self.values) > 1 else None

    def difference(self, base: "Spread") -> float | None:
        """Return the difference of the means, where both exist."""
        return None if self.mean is None or base.mean is None else self.mean - base.mean


@dataclass(frozen=True)
class Compared:
    """A variant's metric on one part, and its difference from the first variant's, where both have it."""

    part: str
    spread: Spread
    difference: float | None


def comparison_report(trainings: Sequence[Training], diverged: Collection[Training] = ()) -> Report:
    """Return the report of all variants that have a training at its end, or one that diverged.

    The first variant is what the others differ from. A cell is empty where a variant has no such figure.
    """
    outcomes = list(by_variant(trainings, diverged))
    measured = [own for outcome in outcomes for own in outcome.figures]
    if not measured:
        return Report(data=[], rows=Table(ROWS, ()))
    parts = list(dict.fromkeys(part for own in measured for part in own))
    metric = metric_of([figures for own in measured for figures in own.values()])
    found = list(compared(outcomes, parts, metric))
    table = [
        (outcome.name, *(value for own in line for value in (own.spread, own.difference)), outcome.mean_seconds)
        for outcome, line in found
    ]
    return Report(
        [Table(table_columns(parts, metric), table)],
        [values(outcome, line, metric) for outcome, line in found],
        rows=Table(ROWS, [row for outcome, line in found for row in plain_rows(outcome, line, metric)]),
    )


def compared(
    outcomes: Sequence[Outcome], parts: Sequence[str], metric: str
) -> Iterator[tuple[Outcome, list[Compared]]]:
    """Yield each variant that was trained, with its metric on each part; how many diverged stands with the first."""
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
    """Return the columns that people see: two for each part."""
    spread = Kind(lambda spread: spread_text(metric, spread), right=True)
    difference = Kind(lambda value: difference_text(metric, value), right=True)
    pairs = [(Column(f"{part}\n{label(metric)}", spread), Column("\ndifference", difference)) for part in parts]
    return [Column("variant", least=12), *(column for pair in pairs for column in pair), Column("\ntime", DURATION)]


def plain_rows(outcome: Outcome, line: Sequence[Compared], metric: str) -> Iterator[tuple[Any, ...]]:
    """Yield a row for each part that the variant was measured on, or diverged before."""
    for own in line:
        spread = own.spread
        if spread.values or spread.diverged:
            figures = (spread.mean, spread.deviation, own.difference, len(spread.values), outcome.diverged)
            yield outcome.name, own.part, metric, *figures, outcome.mean_seconds


def values(outcome: Outcome, line: Sequence[Compared], metric: str) -> dict[str, Any]:
    """Return one variant as JSON values, without the parts that it was not measured on."""
    measured = [own for own in line if own.spread.values]
    figures = {
        own.part: {
            "mean": own.spread.mean,
            "deviation": own.spread.deviation,
            "difference": own.difference,
            "values": list(own.spread.values),
        }
        for own in measured
    }
    seconds = outcome.mean_seconds
    return {"variant": outcome.name, "diverged": outcome.diverged, "seconds": seconds, metric: figures}


def by_variant(trainings: Sequence[Training], diverged: Collection[Training]) -> Iterator[Outcome]:
    """Yield what came out of each variant."""
    for variant in dict.fromkeys(training.variant for training in trainings):
        own = [one for one in trainings if one.variant == variant and one.finished]
        lost = sum(one.variant == variant for one in diverged)
        yield Outcome(variant.name, [one.figures() for one in own], [one.seconds for one in own], lost)


def metric_of(figures: Iterable[Mapping[str, float]]) -> str:
    """Return the metric that the table shows: the first brief one that all figures have besides the loss, else it."""
    names = list(figures)
    brief = (name for name in names[0] if name in METRICS and METRICS[name].brief)
    return next((name for name in brief if name != "loss" and all(name in own for own in names)), "loss")


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
