"""Executors: what carries out the trainings of a comparison, one after the other or several at once."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.runs.comparison import Training
from graphnn.runs.comparison_progress import TimeOfAll
from graphnn.runs.comparison_training import ComparisonWork
from graphnn.training.history import Record

INTERRUPTED = "interrupted"  # how trainings end that Ctrl-C has stopped, beside those of comparison_training.py

EpochDone = Callable[[Record], bool]  # is given the record of an epoch, and returns whether to go on


@frozen_dataclass
class TrainingTask:
    """A training to carry out. position: among all, from 0. count: of all."""

    training: Training
    position: int
    count: int

    @property
    def title(self) -> str:
        """Which it is, and of how many."""
        return f"{self.position + 1} of {self.count}: {self.training.name}"


@frozen_dataclass
class Ended:
    """A training that is over. training: with its run as it is now. how: as of `carried_out`, or INTERRUPTED."""

    task: TrainingTask
    training: Training
    how: str


class Executor(Protocol):
    """Carries out trainings. It says which of them begin, and what they say."""

    def places(self) -> int:
        """Return how many trainings it carries out at once, at least 1; more may have been submitted."""

    def submit(self, task: TrainingTask, epoch_done: EpochDone | None = None) -> None:
        """Take over a training. epoch_done: is called in `results` after each of its epochs, once.

        Where its run goes on, that is also after those that it has finished already. Where it returns False, the
        training stops and is saved, unless it is at its end. Who judges a training also says what came of it.
        """

    def results(self) -> Iterator[Ended]:
        """Carry out the trainings, and yield each as it ends; more may be submitted meanwhile.

        After Ctrl-C, those that were running are saved and yielded as interrupted, and no other begins. Raises
        GraphError where one fails otherwise than by divergence; the others are saved.
        """


def opened(
    work: ComparisonWork, times: TimeOfAll, *, jobs: int | None = None, scheduler: str | None = None
) -> AbstractContextManager[Executor]:
    """Return a context with an executor. times: of all trainings, whose positions are those of the tasks.

    jobs: how many processes of this machine are to carry out the trainings. scheduler: the address or file of that of
    a Dask cluster, which is to. None of both: this process alone. Raises GraphError where there is no such cluster.
    """
    if scheduler is not None:
        from graphnn.runs.comparison_dask import Dask  # here and below: what is made for this protocol

        return Dask(work, times, scheduler)
    if jobs is not None:
        from graphnn.runs.comparison_jobs import Jobs

        return Jobs(work, times, jobs)
    from graphnn.runs.comparison_here import Here

    return Here(work, times)
