"""Progress of a comparison: which training of how many, its epoch, and the time that is left for it and for all."""

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import TextIO

from graphnn.metrics.figures import brief, short_figures
from graphnn.runs.progress import LOOKED_AT_AFTER, SPOKEN_AT, Progress
from graphnn.text.bars import bar_width
from graphnn.text.colour import Painted
from graphnn.text.numbers import clock
from graphnn.text.tables import display_width
from graphnn.text.working import Work, current_display, row, shown
from graphnn.training.trainer import Trainer

MINUTE = 60
BAR = 20  # columns that figures leave to a bar, where the terminal has them


class TimeOfAll:
    """How long the trainings of a comparison take, as far as it is known from those that are over.

    A training is expected to take as long for an epoch as the others on average. epochs: those of each training.
    """

    def __init__(self, epochs: Sequence[float]) -> None:
        self._epochs = epochs
        self._seconds: dict[int, float] = {}  # of those that are over, by position

    def over(self, position: int, seconds: float) -> None:
        """Take over how long a training took that is over; 0 where that is not known, as of one that diverged."""
        self._seconds[position] = seconds

    @property
    def epochs(self) -> float:
        """The epochs of all trainings."""
        return sum(self._epochs)

    @property
    def count(self) -> int:
        """How many trainings there are."""
        return len(self._epochs)

    @property
    def over_so_far(self) -> int:
        """How many of them are over."""
        return len(self._seconds)

    def epochs_done(self, running: Mapping[int, float]) -> float:
        """Return how many epochs are done, with those of trainings that are running, by position."""
        part = sum(epochs for position, epochs in running.items() if position not in self._seconds)
        return sum(self._epochs[position] for position in self._seconds) + part

    def share(self, position: int, part: float) -> float:
        """Return how much of all is done when `part` of the training at a position is, by epochs."""
        done = sum(self._epochs[at] for at in self._seconds) + part * self._epochs[position]
        return done / sum(self._epochs)

    def left(self, position: int, own: tuple[float, float] | None = None) -> float | None:
        """Return the seconds left for all, from the training at a position on; None where that cannot be known.

        own: how long that training takes in all, and what is left of it.
        """
        known = [(self._epochs[at], seconds) for at, seconds in self._seconds.items() if seconds]
        known += [] if own is None else [(self._epochs[position], own[0])]
        if not known:
            return None
        per_epoch = sum(seconds for _, seconds in known) / sum(epochs for epochs, _ in known)
        others = [at for at in range(len(self._epochs)) if at not in self._seconds and at != position]
        waiting = per_epoch * sum(self._epochs[at] for at in others)
        return waiting + (per_epoch * self._epochs[position] if own is None else own[1])


class ComparisonProgress(Progress):
    """Shows one training of a comparison by two bars on stderr, of this training and of all.

    Lines of epochs are not printed, only added to the run's log. position: of the training, from 0. count: of all.
    """

    def __init__(self, times: TimeOfAll, position: int, count: int) -> None:
        super().__init__(quiet=True)
        self._times, self._position, self._count = times, position, count
        self._bars = ExitStack()
        self._of_run: RunTask | None = None
        self._begun: tuple[float, int] | None = None  # when this process started to train, and at which sample
        self._looked_at = 0.0
        self._closed = True

    def expected(self) -> str:
        """Return how long this training and all after it will take, to follow its title.

        Nothing where that is not known, or shorter than a minute, or where a bar is going to show it.
        """
        display = current_display()
        if display is not None and display.live:
            return ""
        seconds = self._times.left(self._position)
        return "" if seconds is None or seconds < MINUTE else f" (about {clock(seconds)} left for all)"

    def step_done(self, trainer: Trainer) -> None:
        """Move the bars on."""
        now, length = time.perf_counter(), trainer.length
        seen = trainer.epoch * length.samples_after(length.steps_per_epoch) + trainer.samples_seen
        if self._begun is None:
            self._begun = now, seen
            return
        if not self._closed and now - self._looked_at < LOOKED_AT_AFTER:
            return
        self._looked_at = now
        per_sample = (now - self._begun[0]) / (seen - self._begun[1])  # with the time for validation and saving
        total = length.total_samples
        part, left = seen / total, (total - seen) * per_sample
        everything = self._times.left(self._position, (total * per_sample, left))
        task = self._of_run or RunTask(f"{self._position + 1} of {self._count}", total)
        task.look(
            f"epoch {trainer.epoch + 1}/{trainer.options.epochs}",
            brief(trainer.metrics()),
            left,
            (self._times.share(self._position, part), everything or left),
        )
        task.advance(seen - task.done)
        self._of_run = task
        if self._closed:
            self._bars.enter_context(shown(task))
            self._closed = False

    def close(self) -> None:
        """Remove the bars."""
        super().close()
        self._bars.close()
        self._closed = True


class RunTask(Work):
    """What is done of one training and of all, and its figures so far."""

    shown_after = 0.0
    spoken_at = SPOKEN_AT
    _room = 0  # columns of the widest figures so far, so that the bars do not jump

    def look(self, epoch: str, figures: Mapping[str, float], left: float, of_all: tuple[float, float]) -> None:
        """Take over how far the training is. left: seconds. of_all: the share of all trainings, and seconds left."""
        self._epoch, self._figures, self._left, self._all = epoch, figures, left, of_all

    def lines(self, width: int, seconds: float, stream: TextIO) -> list[Painted]:
        """Return a line on this training and one on all, with bars of the same width."""
        share = self.done / self.total if self.total else 0.0
        heads = [f"{self.what}, {self._epoch}", "all trainings"]
        names = max(map(len, heads))
        left = [f"{clock(self._left)} left", f"{clock(self._all[1])} left"]
        times = max(map(len, left))
        tails = [f"  {each:4.0%}  {text:{times}}" for each, text in zip((share, self._all[0]), left, strict=True)]
        figures = short_figures(self._figures)
        self._room = max(self._room, display_width(figures))
        if names + 2 + BAR + display_width(tails[0]) + 2 + self._room <= width:
            tails[0] += f"  {figures:{self._room}}"
        bar = min(bar_width(width, names * " ", "  ", tail) for tail in tails)
        return [
            row(f"{head:{names}}", each, tail, min(width, names + 2 + bar + display_width(tail)), stream)
            for head, each, tail in zip(heads, (share, self._all[0]), tails, strict=True)
        ]

    def sentence(self, seconds: float) -> str:
        """Return the plain line."""
        share = self.done / self.total if self.total else 0.0
        own = f"{self.what}, {self._epoch}: {share:.0%}, {clock(self._left)} left"
        return f"{own}; all trainings: {self._all[0]:.0%}, {clock(self._all[1])} left"
