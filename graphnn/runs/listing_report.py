"""The runs of a document as a report."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from graphnn.metrics.base import METRICS
from graphnn.metrics.figures import label
from graphnn.reports.kinds import BYTES, DURATION, Kind, metric_kind
from graphnn.reports.report import Alternatives, Column, Lines, Part, Report, Table
from graphnn.runs.facts import FOUND
from graphnn.runs.going_on import UNDO, can_be_set, resume_command
from graphnn.runs.listing import ListedRun
from graphnn.runs.store import RunStore

PARTS = ("validation", "test")  # whose figures the table shows
RIGHT = Kind(right=True)
NOT_IN_NARROW = ("size", "time")  # columns that a narrow terminal does without
ROWS = tuple(
    Column(name, key=name)
    for name in (
        *("run", "state", "weights", "stands_beside_document", "differences"),
        *("epochs", "epochs_planned", "started", "seconds", "bytes"),
    )
)


def listing(runs: Sequence[ListedRun], weights: Path, store: RunStore, *, begin: str, resume: str) -> Report:
    """Return the report of runs.

    weights: the file beside the document. begin, resume: the commands that train it, and that go on with a run whose
    number may follow --resume, for advice.
    """
    if not runs:
        return Report([Lines([f"{store.folder}: no run yet; train it: {begin}"])], [], rows=Table(ROWS, []))
    commands = {
        each.run.number: resume_command(each.run, each.facts, each.edited, resume)
        for each in runs
        if each.facts is not None and each.resumable
    }
    return runs_report(runs, commands, weights)


def runs_report(runs: Sequence[ListedRun], resume: Mapping[int, str], weights: Path) -> Report:
    """Return the report of runs. resume: the commands that go on with those that are unfinished, by their numbers."""
    shown = shown_metrics(runs)
    titles, rows = columns(shown), [list(cells(each, shown)) for each in runs]
    narrow = [index for index, column in enumerate(titles) if column.title not in NOT_IN_NARROW]
    tables = [Table(titles, rows), Table([titles[at] for at in narrow], [[row[at] for at in narrow] for row in rows])]
    parts: list[Part] = [Alternatives(tables)]
    if any(each.stands for each in runs):
        parts.append(Lines([f"* its weights stand in {weights}"]))
    if resume:
        undo = {each.run.number: "" if can_be_set(each.edited) else UNDO for each in runs}
        parts.append(Lines(["To go on:", *(f"  {command}{undo[number]}" for number, command in resume.items())]))
    return Report(
        parts,
        [values(each, resume) for each in runs],
        rows=plain_table(runs, shown),
    )


def shown_metrics(runs: Sequence[ListedRun]) -> list[tuple[str, str]]:
    """Return (part, metric) for the columns: of each part, the first brief metric besides the loss that all have."""
    shown = []
    for part in PARTS:
        found = [each.figures[part] for each in runs if each.figures.get(part)]
        if found:
            brief = [name for name in found[0] if name in METRICS and METRICS[name].brief and name != "loss"]
            shown.append((part, next((name for name in brief if all(name in each for each in found)), "loss")))
    return shown


def columns(shown: Sequence[tuple[str, str]]) -> list[Column]:
    """Return the columns of the table for people. shown: the part and the metric of each figure."""
    return [
        Column("run", RIGHT),
        Column("state"),
        Column("epochs", RIGHT),
        *(Column(f"{part}\n{label(metric)}", metric_kind(metric)) for part, metric in shown),
        Column("time", DURATION),
        Column("size", BYTES, short="size"),
        Column("differs from the\ndocument in", wraps=True),
    ]


def cells(each: ListedRun, shown: Sequence[tuple[str, str]]) -> Iterator[Any]:
    """Yield the cells of a run in the table for people."""
    yield f"{'* ' if each.stands else ''}{each.run.number}"
    yield each.state
    yield "" if each.facts is None or each.state == FOUND else f"{each.done}/{each.facts.epochs:g}"
    for part, metric in shown:
        yield each.figures.get(part, {}).get(metric)
    yield each.seconds
    yield each.size
    yield each.difference


def plain_table(runs: Sequence[ListedRun], shown: Sequence[tuple[str, str]]) -> Table:
    """Return the table for programs: ROWS, and a column for each figure that people see, as validation_accuracy."""
    figures = [Column(name, key=name) for name in (f"{part}_{metric}" for part, metric in shown)]
    rows = [(*plain_row(each), *(each.figures.get(part, {}).get(metric) for part, metric in shown)) for each in runs]
    return Table([*ROWS, *figures], rows)


def plain_row(each: ListedRun) -> tuple[Any, ...]:
    """Return a run as a row for programs."""
    facts = each.facts
    return (
        each.run.number,
        each.state,
        str(each.run.best_weights() or ""),
        each.stands,
        each.difference,
        each.done,
        None if facts is None else facts.epochs,
        None if facts is None else facts.started,
        each.seconds,
        each.size,
    )


def values(each: ListedRun, resume: Mapping[int, str]) -> dict[str, Any]:
    """Return a run as JSON values."""
    facts, weights = each.facts, each.run.best_weights()
    return {
        "run": each.run.number,
        "state": each.state,
        "folder": str(each.run.path),
        "weights": None if weights is None else str(weights),
        "stands_beside_document": each.stands,
        "differences": [{"setting": setting, "value": value} for setting, value in each.changes],
        "epochs": each.done,
        "epochs_planned": None if facts is None else facts.epochs,
        "figures": each.figures,
        "seconds": each.seconds,
        "bytes": each.size,
        "started": None if facts is None else facts.started,
        "ended": None if facts is None else facts.ended,
        "command": None if facts is None else facts.command,
        "versions": None if facts is None else facts.versions,
        "resume": resume.get(each.run.number),
        "message": each.problem if facts is None else facts.message,
    }
