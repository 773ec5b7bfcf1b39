"""Progress: the display of a training run, with a progress bar in a terminal and plain lines elsewhere."""

import math
import sys
import time
from collections.abc import Mapping
from typing import Any

from tqdm import tqdm

from graphnn.metrics.figures import brief, figure, figures
from graphnn.runs.log import RunLog
from graphnn.text.numbers import clock
from graphnn.text.tables import display_width
from graphnn.text.terminal import note, showable, terminal_width
from graphnn.training.history import Record
from graphnn.training.trainer import Trainer

REDRAWN_AFTER = 0.1  # seconds; drawing at each step would cost more than a small network's step
BAR = "{desc} |{bar}| {percentage:3.0f}%{postfix}"


class Progress:
    """Shows the progress of training. live: with a bar on stderr. quiet: not at all.

    log: what is shown, or would be.
    """

    def __init__(self, *, quiet: bool, live: bool) -> None:
        self.quiet, self.live = quiet, live and not quiet
        self.log = RunLog()
        self._bar: Any = None
        self._drawn = 0.0
        self._start: tuple[float, int] | None = None  # when this process started to train, and at which sample

    def line(self, text: str = "") -> None:
        """Print a line on stdout, unless quiet."""
        self.log.add(text)
        if not self.quiet:
            print(showable(text), flush=True)

    def remark(self, text: str) -> None:
        """Print a line on stdout or, where that is quiet, a note on stderr."""
        if self.quiet:
            note(text)
        else:
            self.line(text)

    def result(self, text: str) -> None:
        """Print a line on stdout, quiet or not."""
        self.log.add(text)
        print(showable(text))

    def step_done(self, trainer: Trainer) -> None:
        """Advance the bar."""
        if not self.live:
            return
        now = time.perf_counter()
        length = trainer.length
        seen = trainer.epoch * length.samples_after(length.steps_per_epoch) + trainer.samples_seen
        if self._start is None:
            self._start = now, seen
            return
        if self._bar is None:
            name = f"epoch {trainer.epoch + 1}/{trainer.options.epochs}"
            samples = length.samples_after(trainer.steps_in_epoch)
            self._bar = tqdm(total=samples, desc=name, bar_format=BAR, leave=False, dynamic_ncols=True, file=sys.stderr)
        if now - self._drawn < REDRAWN_AFTER:
            return
        self._drawn = now
        rate = (seen - self._start[1]) / (now - self._start[0])  # with the time for validation and saving
        left = (length.total_samples - seen) / rate
        self._bar.n = trainer.samples_seen
        shown = [*figures(brief(trainer.metrics())), f"{rate:,.0f} images/s", f"{clock(left)} left"]
        self._bar.set_postfix_str(showable(", ".join(shown), sys.stderr))

    def epoch_done(self, trainer: Trainer, record: Record) -> None:
        """Remove the bar and print the line of an epoch."""
        self.close()
        self.line(epoch_line(record, trainer.options.epochs, terminal_width()))

    def close(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def epoch_line(record: Record, epochs: float, width: int | None = None) -> str:
    """Return the line of an epoch with its brief metrics, with fewer words where it would be wider than `width`."""
    epoch = f"epoch {record.epoch:{len(str(math.ceil(epochs)))}}/{epochs}"
    rate = f"{record.learning_rate:#.3g}".rstrip(".")
    seconds = f"{record.seconds:.1f} s"
    training, validated = brief(record.training), brief(record.validation or {})
    validation = ["validation " + "  ".join(figures(validated))] if validated else []
    line = "  ".join([epoch, *figures(training), *validation, f"learning rate {rate}", seconds])
    if width is None or display_width(line) <= width:
        return line
    validation = ["val " + bare_figures(validated)] if validated else []
    return "  ".join([epoch, "loss " + bare_figures(training), *validation, f"rate {rate}", seconds])


def bare_figures(metrics: Mapping[str, float]) -> str:
    """Return the values of metrics without their names."""
    return " ".join(figure(name, value) for name, value in metrics.items())


def in_terminal() -> bool:
    """Whether stdout and stderr are both a terminal, rather than a file or a pipe."""
    return sys.stdout.isatty() and sys.stderr.isatty()
