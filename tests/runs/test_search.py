"""A search on an executor with several places: the same trials, whatever order they end in; runs of other processes."""

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from graphnn.runs import search as searching
from graphnn.runs.comparison import ComparisonRequest
from graphnn.runs.comparison_here import Here
from graphnn.runs.comparison_progress import TimeOfAll
from graphnn.runs.comparison_run import is_same
from graphnn.runs.comparison_training import LEFT, ComparisonWork
from graphnn.runs.executors import Ended, EpochDone, TrainingTask
from graphnn.runs.facts import FINISHED, PRUNED, TRAINING
from graphnn.runs.reading import DocumentSource
from graphnn.runs.search import Search
from graphnn.runs.search_plan import SearchPlan, SearchRequest
from graphnn.runs.search_study import Pruning
from graphnn.runs.search_trial import SearchTrial
from graphnn.runs.store import store_of
from graphnn.specification.variants import AS_IT_IS, Variant, read_variants

CHANGES = ("training.epochs=4", "training.batch_size=16", "training.keep_best=validation_loss")
COUNT = 12
RANGES = {
    "optimizer.learning_rate": {"low": 1e-6, "high": 0.1, "log": True},
    "layers.hidden.units": {"choices": [4, 8]},
}


class Shuffled(Here):
    """An executor of several places, whose trainings end in any order."""

    def __init__(self, work: ComparisonWork, times: TimeOfAll, places: int) -> None:
        super().__init__(work, times)
        self._places, self._random = places, random.Random(places)
        self.most = 0

    def places(self) -> int:
        return self._places

    def submit(self, task: TrainingTask, epoch_done: EpochDone | None = None) -> None:
        assert not any(is_same(task.training, other.training) for other, _ in self._waiting)
        super().submit(task, epoch_done)

    def results(self) -> Iterator[Ended]:
        while self._waiting:
            self.most = max(self.most, len(self._waiting))
            self._random.shuffle(self._waiting)
            yield self._ended(*self._waiting.popleft())


class Taken(Here):
    """An executor that leaves the first training to another process, which has trained it in the meantime."""

    def __init__(self, work: ComparisonWork, times: TimeOfAll) -> None:
        super().__init__(work, times)
        self.left = 0

    def results(self) -> Iterator[Ended]:
        for ended in super().results():
            self.left += 1
            yield Ended(ended.task, ended.task.training, LEFT) if self.left == 1 else ended


def prepared(document: Path, folder: Path, search: Any = RANGES) -> tuple[SearchPlan, ComparisonWork, TimeOfAll]:
    """Return a search whose runs are in a folder."""
    file = document.with_name("search.json")
    file.write_text(json.dumps({"search": search}))
    space = read_variants(file).space
    assert space is not None
    comparison = ComparisonRequest(
        document=DocumentSource.of(document, CHANGES, ()),
        variants=(Variant(AS_IT_IS),),
        store=store_of(folder / "runs.npz"),
        limit=100,
    )
    plan = SearchPlan(SearchRequest(comparison=comparison, space=space, trials=COUNT))
    return plan, ComparisonWork.of(comparison, "again"), TimeOfAll([4.0] * COUNT)


def searched(
    plan: SearchPlan, work: ComparisonWork, times: TimeOfAll, executor: Any, said: list[str] | None = None
) -> list[SearchTrial]:
    """Return the trials of a search."""
    lines = [] if said is None else said
    search = Search(
        plan, work, executor, times, count=COUNT, at_once=4, say=lines.append, resume=lambda trial: f"go on {trial.run}"
    )
    trials = search.run()
    assert trials is not None
    return trials


def values(trials: list[SearchTrial]) -> list[tuple[Any, ...]]:
    """Return what is to be the same."""
    return [(one.texts, one.state, one.value, one.epochs, one.curve, one.message) for one in trials]


def test_the_trials_are_the_same_for_any_number_of_places(document: Path, tmp_path: Path) -> None:
    found = list[list[SearchTrial]]()
    for places in (1, 3, 7):
        folder = tmp_path / str(places)
        folder.mkdir()
        plan, work, times = prepared(document, folder)
        executor = Shuffled(work, times, places)
        found.append(searched(plan, work, times, executor))
        assert executor.most == min(places, 4)
    states = [one.state for one in found[0]]
    assert {*states} == {FINISHED, PRUNED}
    assert PRUNED not in states[: 5 + 3]
    assert all(values(each) == values(found[0]) for each in found)


def test_equal_trials_are_not_trained_at_the_same_time(document: Path, tmp_path: Path) -> None:
    rates = {"low": 0.05, "high": 0.050001, "log": True}  # which is 0.05 for all trials, when it is rounded
    search = {"optimizer.learning_rate": rates, "layers.hidden.units": {"choices": [4, 8]}}
    plan, work, times = prepared(document, tmp_path, search)
    trials = searched(plan, work, times, Shuffled(work, times, 4))
    by_values = {trial.texts: trial.run for trial in trials}
    assert len(by_values) == len(work.store.runs()) == 2
    assert all(trial.run == by_values[trial.texts] for trial in trials)


def test_a_run_that_went_on_after_its_end_counts_as_pruned_where_it_was(document: Path, tmp_path: Path) -> None:
    class Late(Here):
        def submit(self, task: TrainingTask, epoch_done: EpochDone | None = None) -> None:
            super().submit(task)

    early, late = tmp_path / "early", tmp_path / "late"
    early.mkdir()
    late.mkdir()
    plan, work, times = prepared(document, early)
    first = searched(plan, work, times, Here(work, times))
    assert work.store.to_resume().facts().state == FINISHED  # nothing goes on with a pruned one unless it is named
    plan, work, times = prepared(document, late)
    second = searched(plan, work, times, Late(work, times))
    assert values(first) == values(second)
    (number, *_) = [one.number for one in first if one.state == PRUNED]
    for trials, state in ((first, PRUNED), (second, FINISHED)):
        run = trials[number].training
        assert run is not None
        assert run.known is not None
        facts = run.known.run.facts()
        assert (facts.state, facts.resume) == (state, f"go on {trials[number].run}" if state == PRUNED else "again")


class Strict(Pruning):
    """Lets no training go on after an epoch."""

    def __init__(self, epoch: int) -> None:
        super().__init__([], "minimize", 4)
        self._epoch = epoch

    def goes_on(self, epoch: int, figure: float | None) -> bool:
        super().goes_on(epoch, figure)
        return epoch != self._epoch


@pytest.mark.parametrize(("early", "last"), [(False, 4), (True, 2)])
def test_nothing_is_pruned_after_its_last_epoch_though_it_was_killed_there(
    document: Path, tmp_path: Path, *, early: bool, last: int
) -> None:
    plan, work, times = prepared(document, tmp_path)
    training = searched(plan, work, times, Here(work, times))[0].training
    assert training is not None
    assert training.known is not None
    if early:
        stopping = {"monitor": "validation_loss", "patience": 1, "min_delta": 1e9}
        section = {**training.settings.document["training"], "early_stopping": stopping}
        settings = replace(training.settings, document={**training.settings.document, "training": section})
        training = replace(training, settings=settings)
    trial = SearchTrial(0, "x", (), (), training=training)
    killed = replace(training.known, facts=replace(training.known.facts, state=TRAINING))
    assert not trial.as_now(killed, plan.figure, Strict(last)).over
    assert trial.as_now(training.known, plan.figure, Strict(last)).state == FINISHED
    assert trial.as_now(killed, plan.figure, Strict(last - 1)).state == PRUNED


def test_what_another_process_has_trained_is_taken_over(document: Path, tmp_path: Path) -> None:
    plan, work, times = prepared(document, tmp_path)
    said = list[str]()
    trials = searched(plan, work, times, Taken(work, times), said)
    assert [trial.run for trial in trials] == list(range(1, COUNT + 1))
    order = [int(line.split(" of ")[0]) for line in said]
    assert sorted(order) == list(range(1, COUNT + 1))
    assert order[0] != 1  # which was looked at again when all others were over


def test_what_is_being_trained_elsewhere_is_waited_for(
    document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, work, times = prepared(document, tmp_path)
    searched(plan, work, times, Here(work, times))
    running, waited = {work.store.runs()[2].path}, list[str]()
    monkeypatch.setattr(type(work.store.runs()[0]), "running", lambda run: run.path in running)

    def wait_for(title: str, known: Any) -> None:
        waited.append(title)
        running.clear()

    monkeypatch.setattr(searching, "wait_for", wait_for)
    plan, work, times = prepared(document, tmp_path)
    trials = searched(plan, work, times, Here(work, times))
    assert [title.partition(":")[0] for title in waited] == ["3 of 12"]
    assert all(trial.over for trial in trials)
    assert len(work.store.runs()) == COUNT
