"""The results of compared variants, as a report: a row for each, and its difference from the first."""

import statistics
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.metrics.base import METRICS
from graphnn.metrics.figures import figure, label
from graphnn.reports.kinds import DURATION, Kind
from graphnn.reports.report import Alternatives, Column, Report, Table
from graphnn.runs.comparison import TRAINING_PART, Training
from graphnn.runs.curves import watched
from graphnn.training.monitor import PREFIX

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

LEAST = 12  # columns of the names of variants


@frozen_dataclass
class Outcome:
    """The results of the trainings of one variant.

    figures: of each finished training, by part, also that of training, and metric. seconds: the time of each of them.
    diverged: how many of the other trainings diverged. changes: of the document, by short names, where all variants
    change the same settings.
    """

    name: str
    figures: Sequence[Mapping[str, Mapping[str, float]]]
    seconds: Sequence[float]
    diverged: int
    changes: Sequence[tuple[str, str]] = ()

    def values(self, part: str, metric: str) -> list[float]:
        """Return the metric on one part, for each training that has it."""
        return [figures[part][metric] for figures in self.figures if metric in figures.get(part, {})]

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
    """A metric of a variant on one part, and its difference from that of the first; None unless both have it."""

    part: str
    metric: str
    spread: Spread
    difference: float | None


Line = Sequence[Compared]  # of one variant: its figures in the order of the columns


def comparison_report(trainings: Sequence[Training]) -> Report:
    """Return the report of all variants of which a training is finished or diverged.

    Differences are from the first variant. A cell is empty where a variant has no such figure. A narrow terminal does
    without the losses, and without the figures of training.
    """
    outcomes = list(by_variant(trainings))
    measured = [figures for outcome in outcomes for figures in outcome.figures]
    if not any(outcome.figures or outcome.diverged for outcome in outcomes):
        return Report(data=[], rows=Table(ROWS, ()))
    parts = list(dict.fromkeys(part for figures in measured for part in figures if part != TRAINING_PART))
    parts = parts or [trainings[0].parts[0]]
    watched_by = {watched(each.settings.document).removeprefix(PREFIX) for each in trainings}
    metric = metric_of([by_part[part] for by_part in measured for part in parts if part in by_part], watched_by)
    lines = list(compared(outcomes, list(shown(parts, metric, measured))))
    return Report(
        [Alternatives(list(tables(lines, parts, metric)))],
        [values(outcome, line, metric) for outcome, line in lines],
        rows=Table(ROWS, [row for outcome, line in lines for row in plain_rows(outcome, line)]),
    )


def shown(
    parts: Sequence[str], metric: str, measured: Sequence[Mapping[str, Mapping[str, float]]]
) -> Iterator[tuple[str, str]]:
    """Yield (part, metric) for all that is shown: the metric on each part, the losses, and both of training."""
    yield from ((part, metric) for part in parts)
    if metric != "loss":
        yield from ((part, "loss") for part in parts)
    for name in dict.fromkeys((metric, "loss")):
        if any(name in figures.get(TRAINING_PART, {}) for figures in measured):
            yield TRAINING_PART, name


def compared(outcomes: Sequence[Outcome], columns: Sequence[tuple[str, str]]) -> Iterator[tuple[Outcome, Line]]:
    """Yield each variant that was trained, with its figures; the first of them counts those that diverged."""
    base: dict[tuple[str, str], Spread] = {}
    for outcome in outcomes:
        if not outcome.figures and not outcome.diverged:
            continue
        line = []
        for part, metric in columns:
            diverged = outcome.diverged if (part, metric) == columns[0] else 0
            spread = Spread(outcome.values(part, metric), diverged)
            difference = None if outcome is outcomes[0] else spread.difference(base.get((part, metric), spread))
            base.setdefault((part, metric), spread)
            line.append(Compared(part, metric, spread, difference))
        yield outcome, line


def tables(lines: Sequence[tuple[Outcome, Line]], parts: Sequence[str], metric: str) -> Iterator[Table]:
    """Yield the table for people with all figures, then without some, for narrow terminals; last with the fewest.

    Only the metric on the measured parts has its differences.
    """
    _, first = lines[0]
    everything = [*range(len(first))]
    measured = [at for at in everything if first[at].part != TRAINING_PART]
    main = [at for at in everything if first[at].metric == metric]
    kept = [everything, sorted({*measured, *main}), measured, [at for at in measured if at in main]]
    for number, places in enumerate(kept):
        if places in kept[:number]:
            continue
        columns = name_columns(lines, last=number == len(kept) - 1)
        for at in places:
            columns += figure_columns(first[at], parts, metric)
        rows = [
            (
                *([text for _, text in outcome.changes] or [outcome.name]),
                *(cell for at in places for cell in figure_cells(line[at], parts, metric)),
                outcome.mean_seconds,
            )
            for outcome, line in lines
        ]
        yield Table([*columns, Column("\ntime", DURATION)], rows)


def name_columns(lines: Sequence[tuple[Outcome, Line]], *, last: bool) -> list[Column]:
    """Return the column of the variants' names, or one for each setting that all of them change."""
    outcome, _ = lines[0]
    if outcome.changes:
        return [Column(f"\n{name}", least=LEAST) for name, _ in outcome.changes]
    return [Column("variant", least=LEAST, wraps=last)]


def has_difference(each: Compared, parts: Sequence[str], metric: str) -> bool:
    """Whether people see the difference of a figure."""
    return each.part in parts and each.metric == metric


def figure_columns(each: Compared, parts: Sequence[str], metric: str) -> list[Column]:
    """Return the columns of a figure."""
    spread = Kind(lambda spread: spread_text(each.metric, spread), right=True)
    columns = [Column(f"{each.part}\n{label(each.metric)}", spread)]
    if has_difference(each, parts, metric):
        columns.append(Column("\ndifference", Kind(lambda value: difference_text(each.metric, value), right=True)))
    return columns


def figure_cells(each: Compared, parts: Sequence[str], metric: str) -> list[Any]:
    """Return the cells of a figure."""
    return [each.spread, each.difference] if has_difference(each, parts, metric) else [each.spread]


def plain_rows(outcome: Outcome, line: Line) -> Iterator[tuple[Any, ...]]:
    """Yield a row of values for each figure that the variant has, or for the first where all diverged."""
    for each in line:
        spread = each.spread
        if spread.values or spread.diverged:
            figures = (spread.mean, spread.deviation, each.difference, len(spread.values), outcome.diverged)
            yield outcome.name, each.part, each.metric, *figures, outcome.mean_seconds


def values(outcome: Outcome, line: Line, metric: str) -> dict[str, Any]:
    """Return one variant as JSON values by metric and part, without the parts that it was not measured on."""
    figures: dict[str, dict[str, Any]] = {metric: {}}
    for each in line:
        if each.spread.values:
            figures.setdefault(each.metric, {})[each.part] = {
                "mean": each.spread.mean,
                "deviation": each.spread.deviation,
                "difference": each.difference,
                "values": list(each.spread.values),
            }
    seconds = outcome.mean_seconds
    return {"variant": outcome.name, "diverged": outcome.diverged, "seconds": seconds, **figures}


def by_variant(trainings: Sequence[Training]) -> Iterator[Outcome]:
    """Yield the outcome of each variant."""
    for variant in dict.fromkeys(training.variant for training in trainings):
        own = [training for training in trainings if training.variant == variant]
        measured = [training for training in own if training.measured and not training.diverged]
        figures = [{**each.figures, TRAINING_PART: each.training_figures} for each in measured]
        seconds, diverged = [each.seconds for each in measured], sum(each.diverged for each in own)
        yield Outcome(variant.name, figures, seconds, diverged, variant.values)


def metric_of(figures: Iterable[Mapping[str, float]], watched_by: Collection[str] = ()) -> str:
    """Return the metric that the table shows: the first brief one besides the loss that all have, else the loss.

    watched_by: the metrics by which the trainings judge their epochs; where it is one for all besides the loss, it is
    the one that is shown.
    """
    names = list(figures)
    if not names:  # all diverged
        return "loss"
    if len(set(watched_by)) == 1 and "loss" not in watched_by and all(set(watched_by) <= each.keys() for each in names):
        return next(iter(watched_by))
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
