"""Several runs side by side: their state, epochs, time and figures."""

from collections.abc import Sequence

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.metrics.base import METRICS
from graphnn.metrics.figures import figure
from graphnn.page.graphs import COLOURS
from graphnn.page.subject import ReadRun, Subject
from graphnn.runs.final_figures import final_label
from graphnn.text.numbers import clock

ABSENT = "–"


@frozen_dataclass
class ComparedRun:
    """A run in the table. colour: the number of its colour in the curves, from 1; None where it has no curve."""

    number: int
    state: str
    epochs: str
    time: str
    figures: tuple[str, ...]
    colour: int | None


@frozen_dataclass
class ComparedRuns:
    """The runs of the page side by side. titles: of their figures."""

    titles: tuple[str, ...]
    runs: tuple[ComparedRun, ...]


def compared_runs(subject: Subject) -> ComparedRuns | None:
    """Return the runs of the page side by side; None where there is one at most."""
    if not subject.others:
        return None
    parts = dict.fromkeys(part for run in subject.runs for part in run.figures)
    columns = [
        (part, name)
        for part in sorted(part for part in parts if part != "training" or len(parts) == 1)
        for name in dict.fromkeys(name for run in subject.runs for name in run.figures.get(part, {}))
        if name in METRICS and METRICS[name].brief
    ]
    with_curves = [run.number for run in subject.runs if run.history]
    return ComparedRuns(
        tuple(final_label(part, name) for part, name in columns),
        tuple(compared(run, columns, with_curves) for run in subject.runs),
    )


def compared(run: ReadRun, columns: Sequence[tuple[str, str]], with_curves: Sequence[int]) -> ComparedRun:
    """Return a run in the table. columns: part and metric of its figures. with_curves: the numbers of runs with one."""
    values = [(name, run.figures.get(part, {}).get(name)) for part, name in columns]
    return ComparedRun(
        number=run.number,
        state=run.state,
        epochs=f"{run.done}/{run.facts.epochs:g}",
        time=clock(run.facts.seconds) if run.facts.seconds else ABSENT,
        figures=tuple(ABSENT if value is None else figure(name, value) for name, value in values),
        colour=with_curves.index(run.number) % COLOURS + 1 if run.number in with_curves else None,
    )
