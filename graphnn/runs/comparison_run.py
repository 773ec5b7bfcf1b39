"""Carrying out a comparison: each training that no run has is trained, and each run without figures is measured."""

import time
from collections import deque
from collections.abc import Callable, Sequence

from graphnn.runs.comparison import Training
from graphnn.runs.comparison_progress import TimeOfAll
from graphnn.runs.comparison_training import LEFT, ComparisonWork
from graphnn.runs.executors import INTERRUPTED, Executor, TrainingTask
from graphnn.runs.known_runs import KnownRun, KnownRuns
from graphnn.specification.differences import settings
from graphnn.text.terminal import complain

LOOKED_AGAIN = 0.5  # seconds from one look at a run that another process is training to the next


class ComparisonRun:
    """The trainings of a comparison, of which some are over, some are being carried out, and some are left.

    say: called with a line on each training.
    """

    def __init__(
        self,
        work: ComparisonWork,
        trainings: Sequence[Training],
        times: TimeOfAll,
        executor: Executor,
        say: Callable[[str], None],
    ) -> None:
        self._work, self._trainings, self._times = work, trainings, times
        self._executor, self._say = executor, say
        self._over: dict[int, Training] = {}  # by position, as all of these
        self._waiting = deque(range(len(trainings)))
        self._at_work: set[int] = set()
        self._left: dict[int, KnownRun | None] = {}  # to other processes, which train these runs

    def run(self) -> list[Training] | None:
        """Run the trainings that are not over, and return all with their runs; None where one was interrupted.

        A run that another process is training is left to it, and waited for at the end. Raises GraphError where a
        training fails otherwise than by divergence, which is printed.
        """
        while True:
            self._submit()
            for ended in self._executor.results():
                position = ended.task.position
                self._at_work.discard(position)
                if ended.how == INTERRUPTED:
                    return None
                if ended.how == LEFT:
                    self._say(f"{ended.task.title}: left to another process, which has begun it\n")
                    self._left[position] = None
                else:
                    self._end(position, ended.training)
                self._submit()
            if len(self._over) == len(self._trainings):
                return [self._over[position] for position in sorted(self._over)]
            for position, known in sorted(self._left.items()):
                if known is not None:
                    wait_for(self._task(position).title, known)
                    break
            self._waiting.extend(sorted(self._left))
            self._left.clear()

    def _task(self, position: int) -> TrainingTask:
        return TrainingTask(self._trainings[position], position, len(self._trainings))

    def _end(self, position: int, training: Training) -> None:
        self._over[position] = training
        self._times.over(position, training.seconds)

    def _submit(self) -> None:
        """Give the executor as many trainings as it has places; what another process may have done is looked for."""
        equal = list[int]()
        while self._waiting and len(self._at_work) < self._executor.places():
            position = self._waiting.popleft()
            planned = self._trainings[position]
            if any(is_same(planned, self._trainings[other]) for other in self._at_work):
                equal.append(position)  # its run will be there
                continue
            training = planned if planned.measured else planned.found(KnownRuns(self._work.store))
            task, known = TrainingTask(training, position, len(self._trainings)), training.known
            if known is not None and known.run.running():
                self._left[position] = known
            elif known is not None and (training.measured or known.diverged):
                self._say(f"{task.title}: run {known.run.number}\n")
                if not training.measured:
                    complain(f"{known.run.path}: {known.facts.message}")
                self._end(position, training)
            else:
                self._at_work.add(position)
                self._executor.submit(task)
        self._waiting.extendleft(reversed(equal))


def is_same(one: Training, other: Training) -> bool:
    """Whether two trainings have one run."""
    own, others = one.settings, other.settings
    return own.kernels == others.kernels and settings(own.document) == settings(others.document)


def wait_for(title: str, known: KnownRun) -> None:
    """Wait until no other process is training a run. title: of the training, for a line that says so."""
    if known.run.running():
        complain(f"{title}: waiting for run {known.run.number}, which another process is training")
    while known.run.running():
        time.sleep(LOOKED_AGAIN)
