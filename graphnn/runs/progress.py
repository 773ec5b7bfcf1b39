"""Progress: the display of a training run, with two bars in a terminal and plain lines elsewhere."""

import math
import sys
import time
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from typing import TextIO

from graphnn.metrics.figures import brief, figures, short_figures
from graphnn.runs.log import RunLog
from graphnn.text.bars import bar_width, spinner
from graphnn.text.colour import Meaning, Painted, has_colour, painted
from graphnn.text.numbers import clock
from graphnn.text.tables import display_width
from graphnn.text.terminal import note, say, terminal_width
from graphnn.text.working import Work, row, shown
from graphnn.training.history import Record
from graphnn.training.trainer import Trainer

LOOKED_AT_AFTER = 0.1  # seconds; figures at each step would cost more than a small network's step
BAR = 24  # columns that figures leave to a bar, where the terminal has them
SPOKEN_AT = (30,)  # seconds within an epoch after which a plain line is printed; from then on once a minute


class Progress:
    """Shows the progress of training. quiet: not at all. log: what is shown, or would be."""

    def __init__(self, *, quiet: bool) -> None:
        self.quiet = quiet
        self.log = RunLog()
        self._shown = ExitStack()
        self._task: EpochTask | None = None
        self._looked = 0.0
        self._start: tuple[float, int] | None = None  # when this process started to train, and at which sample

    def line(self, text: str = "", shown: str | None = None) -> None:
        """Print a line on stdout, unless quiet. shown: the same line as a terminal shows it, with colours."""
        self.log.add(text)
        if not self.quiet:
            say(text if shown is None else shown)

    def remark(self, text: str) -> None:
        """Print a line on stdout or, where that is quiet, a note on stderr."""
        if self.quiet:
            note(text)
        else:
            self.line(text)

    def result(self, text: str) -> None:
        """Print a line on stdout, quiet or not."""
        self.log.add(text)
        say(text)

    def begin(self, trainer: Trainer) -> None:
        """Show that an epoch has begun, of which no step is done."""
        if not self.quiet:
            self._shown.enter_context(shown(FirstStep(epoch_name(trainer))))

    def step_done(self, trainer: Trainer) -> None:
        """Move the bars on."""
        if self.quiet:
            return
        now = time.perf_counter()
        length = trainer.length
        seen = trainer.epoch * length.samples_after(length.steps_per_epoch) + trainer.samples_seen
        if self._start is None:
            self._start = now, seen
            return
        if self._task is not None and now - self._looked < LOOKED_AT_AFTER:
            return
        self._looked = now
        task = self._task or EpochTask(trainer)
        rate = (seen - self._start[1]) / (now - self._start[0])  # with the time for validation and saving
        task.look(trainer, seen=seen, rate=rate)
        if self._task is None:
            self.close()
            self._task = self._shown.enter_context(shown(task))

    def epoch_done(self, trainer: Trainer, record: Record) -> None:
        """Remove the bars and print the line of an epoch, in green where it is the best so far."""
        self.close()
        text = epoch_line(record, trainer.options.epochs, terminal_width(), trainer.watched)
        best = has_colour(sys.stdout) and is_best(trainer, record)
        self.line(text, painted(text, Meaning.GOOD) if best else None)
        if not trainer.finished:
            self.begin(trainer)

    def close(self) -> None:
        """Remove the bars."""
        self._shown.close()
        self._task = None


def is_best(trainer: Trainer, record: Record) -> bool:
    """Return whether an epoch is better than all before it, by the figure that the document keeps the best epoch of.

    Else by the validation loss. The first epoch is not.
    """
    if record.validation is None:
        return False
    before = [each.validation["loss"] for each in trainer.history if each.validation and each is not record]
    if trainer.kept.best is not None:
        return bool(before) and trainer.kept.record is record
    return bool(before) and record.validation["loss"] < min(before)


class FirstStep(Work):
    """The first step of an epoch, before which there are no figures."""

    spoken_at = SPOKEN_AT


class EpochTask(Work):
    """What is done of an epoch and of the whole run, and the figures so far."""

    shown_after = 0.0  # so that the bars do not vanish at the beginning of each epoch
    spoken_at = SPOKEN_AT

    def __init__(self, trainer: Trainer) -> None:
        super().__init__(epoch_name(trainer), trainer.length.samples_after(trainer.steps_in_epoch))
        self._images = len(trainer.graph.input_shape) == 3
        self._figures: Mapping[str, float] = {}
        self._rate, self._run_share, self._run_left = 0.0, 0.0, ""
        self._several = trainer.length.records > 1

    def look(self, trainer: Trainer, *, seen: int, rate: float) -> None:
        """Take over how far the training is. seen: samples of the whole run. rate: of them, a second."""
        total = trainer.length.total_samples
        self._figures = brief(trainer.metrics())
        self._rate, self._run_share = rate, seen / total
        self._run_left = f"{clock((total - seen) / rate)} left"
        self.advance(trainer.samples_seen - self.done)

    def left(self, seconds: float) -> str:
        """Return how long the rest of the epoch's steps will take; "" where that is not known."""
        if not self._rate or self.total is None:
            return ""
        return f"{clock((self.total - self.done) / self._rate)} left"

    def lines(self, width: int, seconds: float, stream: TextIO) -> list[Painted]:
        """Return a line on the epoch and one on the whole run, with bars of the same width."""
        share = self.done / self.total if self.total else 0.0
        epoch, run = f"{spinner(seconds, stream)} {self.what}", "  whole run" if self._several else ""
        names = max(len(epoch), len(run))
        shares = [
            (f"{epoch:{names}}", share, self.left(seconds)),
            (f"{run:{names}}", self._run_share, self._run_left),
        ]
        times = max(len(left) for _, _, left in shares)
        speed = f"{self._rate:,.0f} {'images' if self._images else 'samples'}/s"
        room = width - BAR - names - len("  100%  ") - times - 2
        parts = [f"  {each:4.0%}  {left:{times}}" for _, each, left in shares]
        tails = [f"{parts[0]}  {self.fitting(room)}", f"{parts[1]}  {speed if len(speed) + 2 <= room else ''}"]
        tails = [tail.rstrip() for tail in tails]
        if not self._several:
            shares, tails = shares[:1], tails[:1]
        bar = min(bar_width(width, names * " ", "  ", tail) for tail in tails)
        used = [names + 2 + bar + display_width(tail) for tail in tails]
        return [
            row(name, each, tail, min(width, size), stream)
            for (name, each, _), tail, size in zip(shares, tails, used, strict=True)
        ]

    def fitting(self, room: int) -> str:
        """Return as many of the figures as fit, with their names if that is possible."""
        loss = {name: value for name, value in self._figures.items() if name == "loss"}
        texts = ("  ".join(figures(self._figures)), short_figures(self._figures), short_figures(loss))
        return next((text for text in texts if display_width(text) + 2 <= room), "")

    def sentence(self, seconds: float) -> str:
        """Return the plain line."""
        run = f"; whole run: {self._run_share:.0%}, {self._run_left}" if self._several else ""
        return f"{super().sentence(seconds)}{run}"


def epoch_name(trainer: Trainer) -> str:
    """Return the epoch that a trainer is in, in words."""
    return f"epoch {trainer.epoch + 1}/{trainer.options.epochs}"


def epoch_line(record: Record, epochs: float, width: int | None = None, watched: Collection[str] = ()) -> str:
    """Return the line of an epoch with its brief metrics, with fewer words where it would be wider than `width`.

    watched: the names of metrics that are shown in any case.
    """
    epoch = f"epoch {record.epoch:{len(str(math.ceil(epochs)))}}/{epochs}"
    rate = f"{record.learning_rate:#.3g}".rstrip(".")
    seconds = f"{record.seconds:.1f} s"
    training, validated = brief(record.training), brief(record.validation or {}, watched)
    validation = ["validation " + "  ".join(figures(validated))] if validated else []
    line = "  ".join([epoch, *figures(training), *validation, f"learning rate {rate}", seconds])
    if width is None or display_width(line) <= width:
        return line
    validation = [f"val {short_figures(validated).removeprefix('loss ')}"] if validated else []
    figures_of_training, loss = short_figures(training), short_figures({"loss": training["loss"]})
    lines = [
        "  ".join([epoch, figures_of_training, *validation, f"rate {rate}", seconds]),
        "  ".join([epoch, figures_of_training, *validation, seconds]),
        "  ".join([epoch, loss, *validation, seconds]),
    ]
    return next((line for line in lines if display_width(line) <= width), lines[-1])
