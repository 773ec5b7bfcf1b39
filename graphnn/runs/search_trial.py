"""One trial of a search: what it tries, and what came of it, as its run on the disk shows."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import field, replace

from graphnn.errors import WeightsError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.metrics.base import METRICS
from graphnn.metrics.figures import figure, label
from graphnn.runs.comparison import Training
from graphnn.runs.facts import DIVERGED, FAILED, FINISHED, PRUNED, UNFINISHED
from graphnn.runs.folder import TakenRun
from graphnn.runs.known_runs import KnownRun
from graphnn.runs.resumable import stopped_after
from graphnn.runs.search_study import Pruning, Values
from graphnn.runs.store import written
from graphnn.text.terminal import note
from graphnn.training.history import Record, read_history
from graphnn.training.monitor import PREFIX, early_stopping_from

PART = PREFIX.removesuffix("_")


@frozen_dataclass
class Figure:
    """The figure of validation that a search makes as good as it can. metric: its name."""

    metric: str

    @property
    def higher_is_better(self) -> bool:
        """Whether more is better."""
        return METRICS[self.metric].higher_is_better

    @property
    def name(self) -> str:
        """What people call it: validation accuracy."""
        return f"{PART} {label(self.metric)}"

    def of(self, figures: Mapping[str, float | None] | None) -> float | None:
        """Return it from the figures of the validation part; None where it is not there, or undefined."""
        value = None if figures is None else figures.get(self.metric)
        return value if value is not None and value == value else None  # NaN is not equal to itself

    def text(self, value: float) -> str:
        """Return a value of it as people read it."""
        return figure(self.metric, value)


@frozen_dataclass
class SearchTrial:
    """A trial, as far as it has come.

    number: from 0. name: what it tries, in words. drawn: the same, in the order of the ranges; texts: as JSON.
    training: None where there cannot be one. state: FINISHED, PRUNED, DIVERGED or FAILED; "" before its end. value: the
    figure of its weights; of a pruned one, that of its last epoch. curve: the figure by epoch. epochs: how many were
    trained. message: why it was not finished.
    """

    number: int
    name: str
    drawn: Values
    texts: tuple[str, ...]
    as_it_is: bool = False
    training: Training | None = None
    state: str = ""
    value: float | None = None
    curve: Mapping[int, float] = field(default_factory=dict)
    epochs: int = 0
    message: str = ""

    @property
    def over(self) -> bool:
        """Whether it has come to its end."""
        return self.state != ""

    @property
    def run(self) -> int | None:
        """The number of its run; None where it has none."""
        known = None if self.training is None else self.training.known
        return None if known is None else known.run.number

    @property
    def planned(self) -> float | None:
        """How many epochs it was to have; None where it could not be planned."""
        return None if self.training is None else self.training.epochs

    @property
    def seconds(self) -> float | None:
        """The time of its epochs; None where none was trained."""
        return None if self.training is None or not self.training.seconds else self.training.seconds

    def with_run(self, known: KnownRun | None) -> "SearchTrial":
        """Return the trial with its run."""
        assert self.training is not None
        return replace(self, training=replace(self.training, known=known))

    def as_now(self, known: KnownRun | None, figure: Figure, pruning: Pruning) -> "SearchTrial":
        """Return the trial with its run as it is now. pruning: what judges its epochs, which has seen none of them.

        What came of it follows from its figures by epoch alone: a run that has gone on after the epoch at which it was
        to be pruned, because another process wanted it or a message was late, counts as pruned there.
        """
        now = self.with_run(known)
        if known is None or self.training is None:
            return now
        records = records_of(known)
        for record in records[: last_epoch(self.training, records) - 1]:
            if not pruning.goes_on(record.epoch, figure.of(record.validation)):
                return now.pruned(record, figure, pruning)
        if known.diverged:
            return now.failed(known.facts.message or "", DIVERGED)
        if not known.measured(self.training.parts):
            return now
        value = figure.of(known.facts.figures.get(PART))
        if value is None:
            return now.failed(f"its {figure.name} is undefined")
        for record in records[-1:]:
            pruning.goes_on(record.epoch, figure.of(record.validation))
        return replace(now, state=FINISHED, value=value, curve=dict(pruning.curve), epochs=known.facts.done)

    def failed(self, message: str, state: str = FAILED) -> "SearchTrial":
        """Return the trial as one that has failed."""
        done = 0 if self.training is None or self.training.known is None else self.training.known.facts.done
        return replace(self, state=state, epochs=done, message=message)

    def pruned(self, record: Record, figure: Figure, pruning: Pruning) -> "SearchTrial":
        """Return the trial as it is pruned after an epoch."""
        curve = dict(pruning.curve)
        best = (max if figure.higher_is_better else min)(curve.values())
        worse = "below" if figure.higher_is_better else "above"
        message = f"{label(figure.metric)} {figure.text(best)}, {worse} the median of {pruning.compared} trials"
        value = curve[record.epoch]
        return replace(self, state=PRUNED, value=value, curve=curve, epochs=record.epoch, message=message)


def last_epoch(training: Training, records: Sequence[Record]) -> int:
    """Return the epoch after which a training ends, as far as its epochs show: nothing is pruned there."""
    stopping = early_stopping_from(training.settings.document["training"].get("early_stopping"))
    early = None if stopping is None else stopped_after(stopping, records)
    return math.ceil(training.epochs) if early is None else early


def records_of(known: KnownRun) -> Sequence[Record]:
    """Return the epochs of a run; none, with a note, where its history is damaged."""
    if not known.run.history.exists():
        return []
    try:
        return read_history(known.run.history)
    except WeightsError as error:
        note(f"{error}; other trials are not compared with its epochs")
        return []


def mark_pruned(known: KnownRun, message: str, resume: str | None) -> None:
    """Write into the facts of an unfinished run that it was pruned, if nobody is training it now.

    resume: the command that trains it to its end. Raises WeightsError where that cannot be written.
    """
    if known.facts.state not in UNFINISHED:
        return
    try:
        with written(known.run.path), known.run.claimed():
            facts = replace(known.run.facts(), state=PRUNED, message=message, resume=resume)
            facts.save(known.run.facts_file)
    except TakenRun:
        return  # which goes on with it for another reason
