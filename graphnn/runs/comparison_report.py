"""What came out of trainings of variants, as a report: a row for each, and how it differs from the first."""

import statistics
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphnn.reports.kinds import DURATION, Kind
from graphnn.reports.report import Column, Report, Table
from graphnn.runs.comparison import Training
from graphnn.text.figures import figure, label

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


def comparison_report(trainings: Sequence[Training], diverged: Collection[Training] = ()) -> Report:
    """Return the report of all variants that have a training at its end, or one that diverged.

    The first variant is what the others differ from. A cell is empty where a variant has no such figure.
    """
    outcomes = list(by_variant(trainings, diverged))
    if not any(outcome.figures for outcome in outcomes):
        return Report(data=[], rows=Table(ROWS, ()))
    parts = list(dict.fromkeys(part for outcome in outcomes for own in outcome.figures for part in own))
    metric = metric_of([one for outcome in outcomes for own in outcome.figures for one in own.values()])
    spreads = Kind(lambda spread: spread_text(metric, spread), right=True)
    differences = Kind(lambda value: difference_text(metric, value), right=True)
    columns = [Column("variant", least=12)]
    for part in parts:
        columns += [Column(f"{part}\n{label(metric)}", spreads), Column("\ndifference", differences)]
    columns.append(Column("\ntime", DURATION))
    table, rows, data = [], [], []
    bases: dict[str, Spread] = {}
    for outcome in outcomes:
        if not outcome.figures and not outcome.diverged:
            continue
        cells: list[Any] = [outcome.name]
        found: dict[str, Any] = {}
        seconds = statistics.fmean(outcome.seconds) if outcome.seconds else None
        for part in parts:
            spread = Spread(outcome.values(part, metric), outcome.diverged if part == parts[0] else 0)
            base = bases.setdefault(part, spread)
            difference = None if outcome is outcomes[0] else spread.difference(base)
            cells += [spread, difference]
            own = {"mean": spread.mean, "deviation": spread.deviation, "difference": difference}
            found[part] = {**own, "values": list(spread.values)}
            rows.append((outcome.name, part, metric, *own.values(), len(spread.values), outcome.diverged, seconds))
        table.append((*cells, seconds))
        data.append({"variant": outcome.name, "diverged": outcome.diverged, "seconds": seconds, metric: found})
    return Report([Table(columns, table)], data, rows=Table(ROWS, rows))


def by_variant(trainings: Sequence[Training], diverged: Collection[Training]) -> Iterator[Outcome]:
    """Yield what came out of each variant."""
    for variant in dict.fromkeys(training.variant for training in trainings):
        own = [one for one in trainings if one.variant == variant and one.finished]
        lost = sum(one.variant == variant for one in diverged)
        yield Outcome(variant.name, [one.figures() for one in own], [one.seconds for one in own], lost)


def metric_of(figures: Iterable[Mapping[str, float]]) -> str:
    """Return the metric that the table shows: the first after the loss that all figures have, else the loss."""
    names = list(figures)
    return next((name for name in names[0] if name != "loss" and all(name in own for own in names)), "loss")


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
