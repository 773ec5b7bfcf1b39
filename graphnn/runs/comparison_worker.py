"""A training of a comparison that another process has ordered, which is told what happens and may stop it."""

from collections.abc import Callable
from dataclasses import replace

from graphnn.runs.comparison import Training
from graphnn.runs.comparison_training import DIVERGED, FINISHED, LEFT, ComparisonWork, carried_out, to_measure
from graphnn.runs.known_runs import KnownRuns
from graphnn.runs.progress import Progress
from graphnn.runs.stopping import StopWhenAsked
from graphnn.text.terminal import note, printed_by
from graphnn.training.history import Record
from graphnn.training.trainer import Trainer

SAID, EPOCH = "said", "epoch"  # what a process tells of a training that it carries out
OVER, FAILED = "over", "failed"  # what comes of it

Told = Callable[[Record], None]


def ordered(
    work: ComparisonWork, training: Training, *, said: Callable[[str], None], epoch_done: Told, stop: Callable[[], bool]
) -> tuple[Training, str]:
    """Carry out a training as `carried_out` does, from where its run is now; return the same.

    said: is given its messages. epoch_done: is told of each epoch, first of those that its run has finished before.
    stop: returns whether to stop it, and save it. Raises GraphError.
    """
    work = replace(work, kernels=training.settings.kernels)  # not what is chosen here, where others may be installed
    with printed_by(said):
        training = training.found(KnownRuns(work.store))
        if training.known is not None and training.known.run.running():
            return training, LEFT
        if training.measured or training.diverged:
            return training, DIVERGED if training.diverged else FINISHED
        return carried_out(work, training, ToldProgress(epoch_done), StopWhenAsked(stop), to_measure(training))


class ToldProgress(Progress):
    """The progress of a training that shows nothing here. epoch_done: is told of each epoch."""

    def __init__(self, epoch_done: Told) -> None:
        super().__init__(quiet=True)
        self._epoch_done, self._told = epoch_done, 0

    def result(self, text: str) -> None:
        """Add a line to the log."""
        self.log.add(text)

    def remark(self, text: str) -> None:
        """Add a line to the log, and print a note where the training was ordered."""
        note(text)

    def begin(self, trainer: Trainer) -> None:
        """Tell of the epochs that the run has finished before."""
        for record in trainer.history:
            self._tell(record)

    def epoch_done(self, trainer: Trainer, record: Record) -> None:
        """Tell of an epoch."""
        super().epoch_done(trainer, record)
        self._tell(record)

    def _tell(self, record: Record) -> None:
        if record.epoch > self._told:
            self._told = record.epoch
            self._epoch_done(record)
