"""The results of a search, as a report: its trials, the best first, and which settings matter."""

from collections.abc import Mapping, Sequence
from typing import Any

from graphnn.document.json_reader import json_or_text
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.metrics.figures import figure as figure_text
from graphnn.reports.kinds import DURATION, Kind, metric_kind
from graphnn.reports.report import Alternatives, Column, Lines, Part, Remark, Report, Table
from graphnn.runs.facts import DIVERGED, FAILED, FINISHED, PRUNED
from graphnn.runs.final_figures import final_label
from graphnn.runs.search_trial import Figure, SearchTrial
from graphnn.specification.search_ranges import Range

SHOWN = 10  # trials that people see
ORDER = (FINISHED, PRUNED, DIVERGED, FAILED)
NUMBER = Kind(right=True)
WHOLE_PERCENT = Kind(lambda share: f"{share:.0%}", right=True)


@frozen_dataclass
class Searched:
    """What came of a search. test: the figures of the best trial on the test part, by part; none unless asked for.

    importance: of the settings, by path; none where it is not known. commands: what to do with the best trial, each
    with its purpose.
    """

    trials: Sequence[SearchTrial]
    ranges: Sequence[Range]
    figure: Figure
    importance: Mapping[str, float]
    test: Mapping[str, Mapping[str, float | None]]
    commands: Sequence[tuple[str, str]]


def ranked(trials: Sequence[SearchTrial], figure: Figure) -> list[SearchTrial]:
    """Return trials, the best first: the finished ones by their figure, the pruned ones by how far they came."""

    def rank(trial: SearchTrial) -> tuple[float, ...]:
        value = trial.value or 0.0
        better = -value if figure.higher_is_better else value
        reached = -trial.epochs if trial.state == PRUNED else 0
        return ORDER.index(trial.state), reached, better, trial.number

    return sorted(trials, key=rank)


def search_report(searched: Searched) -> Report:
    """Return the report. People see the best SHOWN trials and the document as it is; programs see all."""
    trials = ranked(searched.trials, searched.figure)
    shown = trials[:SHOWN] + [each for each in trials[SHOWN:] if each.as_it_is]
    parts: list[Part] = [Alternatives(list(tables(shown, searched)))]
    counts = [(state, sum(each.state == state for each in trials)) for state in ORDER]
    summary = ", ".join(f"{count} {state}" for state, count in counts if count)
    more = f"; the best {SHOWN} are shown" if len(shown) < len(trials) else ""
    lines = [f"{len(trials)} trials: {summary}{more}"]
    parts.append(Lines([*lines, *(["* the document as it is"] if any(each.as_it_is for each in shown) else [])]))
    if searched.test:
        parts.append(Lines(figures_lines(searched.test)))
    if searched.importance:
        parts.append(importance_table(searched))
    if searched.commands:
        parts.append(
            Lines([line for purpose, command in searched.commands for line in (f"{purpose}:", f"  {command}")])
        )
    return Report(parts, data(trials, searched), rows=plain_table(trials, searched))


def tables(trials: Sequence[SearchTrial], searched: Searched) -> list[Table]:
    """Return the table for people, then with all settings of a trial in one column, for narrow terminals."""
    figure = searched.figure
    first = [Column("trial", NUMBER)]
    settings = [Column(one.name) for one in searched.ranges]
    last = [
        Column(figure.name.replace(" ", "\n", 1), metric_kind(figure.metric)),
        Column("epochs", NUMBER),
        Column("state"),
    ]
    more = [Column("time", DURATION), Column("run", NUMBER)]
    wide = [(*head(each), *each.texts, *tail(each), each.seconds, each.run) for each in trials]
    medium = [(*head(each), *each.texts, *tail(each)) for each in trials]
    joined = [(*head(each), each.name, *tail(each)) for each in trials]
    return [
        Table([*first, *settings, *last, *more], wide),
        Table([*first, *settings, *last], medium),
        Table([*first, Column("settings", wraps=True), *last], joined),
    ]


def head(trial: SearchTrial) -> tuple[Any, ...]:
    """Return the first cell of a trial: its number, with a mark where it is the document as it is."""
    return (f"{'* ' if trial.as_it_is else ''}{trial.number + 1}",)


def tail(trial: SearchTrial) -> tuple[Any, ...]:
    """Return the cells after the settings of a trial."""
    planned = "" if trial.planned is None else f"/{trial.planned:g}"
    return trial.value, f"{trial.epochs}{planned}", trial.state


def figures_lines(test: Mapping[str, Mapping[str, float | None]]) -> list[str]:
    """Return a line for each figure of the best trial on the test part."""
    return [
        f"The best trial's {final_label(part, name)}: {figure_text(name, value)}"
        for part, figures in test.items()
        for name, value in figures.items()
        if value is not None
    ]


def importance_table(searched: Searched) -> Table:
    """Return the table of the settings by their importance."""
    finished = sum(each.state == FINISHED for each in searched.trials)
    rows = [(path, share) for path, share in searched.importance.items()]
    foot = [Remark(f"What tells the better half of {finished} finished trials from the rest: a hint.")]
    return Table([Column("setting"), Column("importance", WHOLE_PERCENT)], rows, foot=foot)


def data(trials: Sequence[SearchTrial], searched: Searched) -> dict[str, Any]:
    """Return a search as JSON values."""
    return {
        "figure": f"validation_{searched.figure.metric}",
        "higher_is_better": searched.figure.higher_is_better,
        "trials": [values(each, searched.ranges) for each in trials],
        "importance": dict(searched.importance),
        "best_on_test": {part: dict(figures) for part, figures in searched.test.items()},
    }


def values(trial: SearchTrial, ranges: Sequence[Range]) -> dict[str, Any]:
    """Return a trial as JSON values."""
    return {
        "trial": trial.number + 1,
        "as_it_is": trial.as_it_is,
        "set": {one.path: json_or_text(text) for one, text in zip(ranges, trial.texts, strict=True)},
        "state": trial.state,
        "value": trial.value,
        "epochs": trial.epochs,
        "epochs_planned": trial.planned,
        "seconds": trial.seconds,
        "run": trial.run,
        "message": trial.message or None,
    }


def plain_table(trials: Sequence[SearchTrial], searched: Searched) -> Table:
    """Return the table for programs."""
    keys = ("trial", *(one.path for one in searched.ranges), f"validation_{searched.figure.metric}")
    columns = [Column(key, key=key) for key in (*keys, "epochs", "epochs_planned", "state", "seconds", "run")]
    rows = [
        (each.number + 1, *each.texts, each.value, each.epochs, each.planned, each.state, each.seconds, each.run)
        for each in trials
    ]
    return Table(columns, rows)
