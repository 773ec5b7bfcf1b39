"""Search: trains the trials of a search as they are proposed, and takes over what earlier calls have trained.

Nothing but the runs is kept on the disk. A search that is begun again proposes the same trials again, as they follow
from the document, the ranges and the results, finds their runs, and so comes to where it was.
"""

from collections.abc import Callable
from functools import partial

from graphnn.runs.comparison_progress import TimeOfAll
from graphnn.runs.comparison_run import is_same, wait_for
from graphnn.runs.comparison_training import LEFT, ComparisonWork
from graphnn.runs.executors import INTERRUPTED, Executor, TrainingTask
from graphnn.runs.facts import DIVERGED, FAILED, FINISHED, PRUNED
from graphnn.runs.known_runs import KnownRun, KnownRuns
from graphnn.runs.search_plan import SearchPlan
from graphnn.runs.search_study import Pruning, Study
from graphnn.runs.search_trial import Figure, SearchTrial, mark_pruned
from graphnn.training.history import Record


class Search:
    """The trials of a search, of which some are over, some are being trained, and some are not proposed yet.

    count: of trials. at_once: how many may be under way at once. say: called with a line on each trial that is over.
    resume: returns the command that trains a pruned trial to its end.
    """

    def __init__(
        self,
        plan: SearchPlan,
        work: ComparisonWork,
        executor: Executor,
        times: TimeOfAll,
        *,
        count: int,
        at_once: int,
        say: Callable[[str], None],
        resume: Callable[[SearchTrial], str | None],
    ) -> None:
        self._plan, self._work, self._executor, self._times = plan, work, executor, times
        self._count, self._at_once, self._say, self._resume = count, at_once, say, resume
        self.study = Study(
            plan.space.ranges,
            higher_is_better=plan.figure.higher_is_better,
            seed=plan.base.seed,
            at_once=at_once,
            first=plan.first,
        )
        self._trials: list[SearchTrial] = []
        self._told = 0  # trials whose results the study has
        self._judges: list[Callable[[], Pruning]] = []
        self._waiting: list[int] = []
        self._at_work: set[int] = set()
        self._begun: set[int] = set()  # trials whose beginning was shown
        self._left: dict[int, KnownRun | None] = {}  # to other processes, which train these runs
        self._runs: KnownRuns | None = None

    def run(self) -> list[SearchTrial] | None:
        """Train all trials that are not over, and return all; None where one was interrupted.

        Raises GraphError where a training fails otherwise than by divergence.
        """
        while True:
            self._begin()
            for ended in self._executor.results():
                number = ended.task.position
                self._at_work.discard(number)
                self._runs = None
                if ended.how == INTERRUPTED:
                    return None
                if ended.how == LEFT:
                    self._left[number] = None
                elif not self._look(number):
                    known = ended.training.known
                    message = (None if known is None else known.facts.message) or f"its run cannot be read: {ended.how}"
                    self._end(self._trials[number].failed(message, DIVERGED if ended.how == DIVERGED else FAILED))
                self._begin()
            if len(self._trials) == self._count and all(trial.over for trial in self._trials):
                self._tell(self._count)
                return self._trials
            for number, run in sorted(self._left.items()):
                if run is not None:
                    wait_for(self._task(number).title, run)
                    break
            self._waiting += self._left
            self._left.clear()
            self._runs = None

    def _task(self, number: int) -> TrainingTask:
        training = self._trials[number].training
        assert training is not None
        return TrainingTask(training, number, self._count)

    def _begin(self) -> None:
        """Give the executor as many trials as it has places, of those that wait and then of new ones."""
        while True:
            waiting = [number for number in self._waiting if self._waits(number)]
            moved, self._waiting = len(waiting) < len(self._waiting), waiting
            if self._may_ask():
                self._ask()
            elif not moved:
                return

    def _may_ask(self) -> bool:
        number = len(self._trials)
        free = len(self._at_work) < self._executor.places()
        return number < self._count and free and all(each.over for each in self._trials[: self._known_to(number)])

    def _known_to(self, number: int) -> int:
        """Return how many trials are over before the one of a number is proposed."""
        return max(0, number + 1 - self._at_once)

    def _ask(self) -> None:
        number = len(self._trials)
        self._tell(self._known_to(number))
        trial = self._plan.trial(number, self.study.ask())
        self._trials.append(trial)
        self._judges.append(self.study.judge(trial.planned or 0))
        if trial.over:
            self._end(trial)
        else:
            self._waiting.append(number)

    def _tell(self, count: int) -> None:
        """Tell the study the results of the first `count` trials, each once and in order."""
        for trial in self._trials[self._told : count]:
            self.study.tell(trial.number, trial.curve, trial.value if trial.state == FINISHED else None)
        self._told = max(self._told, count)

    def _waits(self, number: int) -> bool:
        """Begin a trial or take over its run, and return whether neither can be done yet."""
        trial = self._trials[number]
        if any(self._same(trial, other) for other in self._at_work):
            return True  # its run will be there
        if self._look(number):
            return False
        if len(self._at_work) >= self._executor.places():
            return True
        task = self._task(number)
        known = task.training.known
        if known is not None and known.run.running():
            self._left[number] = known
            return False
        judge = self._judges[number]()
        self._at_work.add(number)
        self._begun.add(number)
        self._executor.submit(task, partial(goes_on, self._plan, judge))
        return False

    def _same(self, trial: SearchTrial, other: int) -> bool:
        one, another = trial.training, self._trials[other].training
        return one is not None and another is not None and is_same(one, another)

    def _look(self, number: int) -> bool:
        """Take over what the run of a trial shows, and return whether it is over."""
        trial = self._trials[number]
        assert trial.training is not None
        if self._runs is None:
            self._runs = KnownRuns(self._work.store)
        known = self._runs.find(trial.training.settings, trial.training.parts)
        if known is not None and known.run.running():
            self._trials[number] = trial.with_run(known)
            return False
        now = trial.as_now(known, self._plan.figure, self._judges[number]())
        self._trials[number] = now
        if now.over:
            if now.state == PRUNED and known is not None:
                mark_pruned(known, now.message, self._resume(now))
            self._end(now)
        return now.over

    def _end(self, trial: SearchTrial) -> None:
        self._trials[trial.number] = trial
        self._times.over(trial.number, trial.seconds or 0.0)
        begun = trial.number in self._begun
        name = "" if begun else f"{trial.name}: "
        told = begun and trial.state == DIVERGED  # which the training has said
        self._say(f"{trial.number + 1} of {self._count}: {name}{outcome(trial, self._plan.figure, told=told)}")


def goes_on(plan: SearchPlan, judge: Pruning, record: Record) -> bool:
    """Return whether a training goes on after an epoch."""
    return judge.goes_on(record.epoch, plan.figure.of(record.validation))


def outcome(trial: SearchTrial, figure: Figure, *, told: bool = False) -> str:
    """Return what came of a trial, in words. told: whether the message of a failed one was printed already."""
    of = "" if trial.planned is None else f" of {trial.planned:g}"
    run = "" if trial.run is None else f" (run {trial.run})"
    if trial.state == FINISHED and trial.value is not None:
        return f"{figure.name} {figure.text(trial.value)}{run}"
    if trial.state == PRUNED:
        return f"pruned at epoch {trial.epochs}{of}: {trial.message}{run}"
    return f"{trial.state}{run}" if told else f"{trial.state}{run}: {trial.message}"
