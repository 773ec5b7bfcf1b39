"""The progress bar of a fit, in terminals and notebooks."""

import sys
import time
import warnings
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from graphnn.metrics.figures import brief, figure, figures
from graphnn.text.terminal import showable, terminal_width
from graphnn.training.history import Record
from graphnn.training.observer import Observer
from graphnn.training.trainer import Trainer

REDRAWN_AFTER = 0.1  # seconds; drawing at each step would cost more than a small network's step
BAR = "{desc} |{bar}| {percentage:3.0f}% {remaining} left{postfix}"
NARROW = 100  # columns below which figures are shown without their names


class ProgressBar:
    """An observer that draws a bar over all epochs of a fit, with the figures so far; its last state stays.

    observer: another one, which is notified first. Close it by a `with` statement.
    """

    def __init__(self, observer: Observer | None = None) -> None:
        self._observer = observer
        self._bar: Any = None
        self._drawn = 0.0
        self._validation: Mapping[str, float] = {}  # figures of the last validated epoch

    def step_done(self, trainer: Trainer) -> None:
        """Draw the bar, a few times a second."""
        if self._observer is not None:
            self._observer.step_done(trainer)
        if self._is_due():
            whole = trainer.epoch * trainer.length.samples_after(trainer.steps_per_epoch)
            self._draw(trainer, whole + trainer.samples_seen, trainer.epoch + 1, trainer.metrics())

    def epoch_done(self, trainer: Trainer, record: Record) -> None:
        """Draw the bar with the figures of the epoch, the last one in any case."""
        if self._observer is not None:
            self._observer.epoch_done(trainer, record)
        if record.validation is not None:
            self._validation = record.validation
        if not (self._is_due() or trainer.finished):
            return
        length, before = trainer.length, record.epoch - 1
        seen = before * length.samples_after(length.steps_per_epoch) + length.samples_after(length.steps(before))
        self._draw(trainer, seen, record.epoch, record.training)
        if trainer.finished:
            self._bar.total = self._bar.n  # also where training stopped early
            self._bar.refresh()

    def _is_due(self) -> bool:
        now = time.perf_counter()
        due = now - self._drawn >= REDRAWN_AFTER
        self._drawn = now if due else self._drawn
        return due

    def _draw(self, trainer: Trainer, seen: int, epoch: int, training: Mapping[str, float]) -> None:
        name = f"epoch {epoch}/{trainer.options.epochs}"
        if self._bar is None:
            total = trainer.length.total_samples
            self._bar = bar_class()(total=total, desc=name, bar_format=BAR, dynamic_ncols=True, file=sys.stderr)
        self._bar.n = seen
        self._bar.set_description_str(name, refresh=False)
        self._bar.set_postfix_str(showable(figures_text(training, self._validation), sys.stderr))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.close()


def figures_text(training: Mapping[str, float], validation: Mapping[str, float]) -> str:
    """Return the brief figures, in a narrow terminal those of metrics without their names."""
    width = terminal_width(sys.stderr)
    if width is not None and width < NARROW:
        short = [" ".join(figure(*each) for each in brief(part).items()) for part in (training, validation)]
        return f"loss {short[0]}" + (f", val {short[1]}" if validation else "")
    text = " ".join(figures(brief(training)))
    return f"{text}, validation {' '.join(figures(brief(validation)))}" if validation else text


def bar_class() -> Any:
    """Return the class of tqdm for this surrounding: with widgets in notebooks that have them, text elsewhere."""
    from tqdm import TqdmWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TqdmWarning)  # that there are no widgets; the bar is then drawn as text
        from tqdm.auto import tqdm
    return tqdm


def is_watched() -> bool:
    """Whether somebody sees a bar on stderr: it is a terminal, or the output of a notebook."""
    return (sys.stderr is not None and sys.stderr.isatty()) or "ipykernel.zmqshell" in sys.modules
