"""Here: carries out the trainings of a comparison in this process, one after the other."""

from collections import deque
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from graphnn.runs.comparison_progress import ComparisonProgress, TimeOfAll
from graphnn.runs.comparison_training import STOPPED, ComparisonWork, carried_out, to_measure
from graphnn.runs.executors import INTERRUPTED, Ended, EpochDone, TrainingTask
from graphnn.runs.stopping import StopRequest
from graphnn.text.terminal import say
from graphnn.training.history import Record
from graphnn.training.trainer import Trainer


class Here:
    """An executor of this process. times: of all trainings."""

    def __init__(self, work: ComparisonWork, times: TimeOfAll) -> None:
        self._work, self._times = work, times
        self._waiting: deque[tuple[TrainingTask, EpochDone | None]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._waiting.clear()

    def places(self) -> int:
        """Return how many trainings it carries out at once."""
        return 1

    def submit(self, task: TrainingTask, epoch_done: EpochDone | None = None) -> None:
        """Take over a training."""
        self._waiting.append((task, epoch_done))

    def results(self) -> Iterator[Ended]:
        """Carry out the trainings, and yield each as it ends."""
        while self._waiting:
            yield self._ended(*self._waiting.popleft())

    def _ended(self, task: TrainingTask, epoch_done: EpochDone | None) -> Ended:
        stop = StopRequest()
        progress = JudgedProgress(self._times, task, stop, epoch_done)
        measured = to_measure(task.training)
        say(f"{task.title}: measured" if measured else f"{task.title}{progress.expected()}")
        training, how = carried_out(self._work, task.training, progress, stop, measured)
        return Ended(task, training, INTERRUPTED if how == STOPPED and not progress.refused else how)


class JudgedProgress(ComparisonProgress):
    """The progress of a training that is stopped when its epochs are not good enough."""

    def __init__(self, times: TimeOfAll, task: TrainingTask, stop: StopRequest, epoch_done: EpochDone | None) -> None:
        super().__init__(times, task.position, task.count)
        self._stop, self._epoch_done, self.refused = stop, epoch_done, False
        self._judged = 0

    def result(self, text: str) -> None:
        """Print a line, unless somebody judges the training, who then says what came of it."""
        if self._epoch_done is None:
            super().result(text)
        else:
            self.line(text)

    def begin(self, trainer: Trainer) -> None:
        """Judge the epochs that a run has finished before."""
        super().begin(trainer)
        for record in trainer.history:
            self._judge(trainer, record)

    def epoch_done(self, trainer: Trainer, record: Record) -> None:
        """Judge an epoch."""
        super().epoch_done(trainer, record)
        self._judge(trainer, record)

    def _judge(self, trainer: Trainer, record: Record) -> None:
        if self._epoch_done is None or self.refused or record.epoch <= self._judged:
            return
        self._judged = record.epoch
        if not self._epoch_done(record) and not trainer.finished:
            self.refused = self._stop.requested = self._stop.silent = True
