"""A search from its first check to its report."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

from graphnn.runs.comparison import prepare
from graphnn.runs.comparison_progress import TimeOfAll
from graphnn.runs.comparison_training import ComparisonWork
from graphnn.runs.executors import Executor
from graphnn.runs.facts import FINISHED
from graphnn.runs.search import Search
from graphnn.runs.search_best import best_on_test
from graphnn.runs.search_commands import commands, resume_command
from graphnn.runs.search_plan import SearchPlan, SearchRequest
from graphnn.runs.search_report import Searched, ranked
from graphnn.runs.search_study import optuna
from graphnn.text.terminal import note

ExecutorOf = Callable[[ComparisonWork, TimeOfAll], AbstractContextManager[Executor]]


def run_search(
    request: SearchRequest, executor_of: ExecutorOf, *, again: str, say: Callable[[str], None]
) -> Searched | None:
    """Carry out a search, and return what came of it; None where it was interrupted.

    executor_of: makes what carries out the trainings. again: the command that goes on with it. say: called with lines
    on how it goes. Raises GraphError.
    """
    comparison = request.comparison
    optuna()  # or say that it is not installed
    prepare(comparison)
    plan = SearchPlan(request)
    times = TimeOfAll([plan.base.epochs] * request.trials)
    work = ComparisonWork.of(comparison, again)
    with executor_of(work, times) as executor:
        places = executor.places()
        if places > request.at_once:
            note(f"{request.at_once} of {places} places are used; with --at-once {places}, all are, in another search")
        say(beginning(plan, request))
        search = Search(
            plan,
            work,
            executor,
            times,
            count=request.trials,
            at_once=request.at_once,
            say=say,
            resume=partial(resume_command, comparison),
        )
        trials = search.run()
    if trials is None:
        return None
    best = ranked(trials, plan.figure)[0]
    finished = best.state == FINISHED
    return Searched(
        trials,
        plan.space.ranges,
        plan.figure,
        search.study.importance(),
        best_on_test(work, best) if request.test and finished else {},
        list(commands(comparison, best)) if finished else [],
    )


def beginning(plan: SearchPlan, request: SearchRequest) -> str:
    """Return the line that says what is searched, and by which figure."""
    figure, count = plan.figure, len(plan.space.ranges)
    better = "highest" if figure.higher_is_better else "lowest"
    settings = f"{count} setting{'s' if count > 1 else ''}"
    at_once = f"up to {request.at_once} at once" if request.at_once > 1 else "one at a time"
    return f"{request.trials} trials of {settings}, {at_once}, for the {better} {figure.name}\n"
