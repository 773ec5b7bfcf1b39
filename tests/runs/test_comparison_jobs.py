"""Trainings in several processes of this machine: one that is killed goes on, and all can be stopped."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from graphnn.errors import GraphError
from graphnn.runs import comparison_elsewhere
from graphnn.runs.comparison import ComparisonRequest
from graphnn.runs.comparison_jobs import Jobs, TrainingProcess
from graphnn.runs.comparison_report import comparison_report
from graphnn.runs.comparison_training import FINISHED, STOPPED, ComparisonWork
from graphnn.runs.executors import INTERRUPTED, Ended
from graphnn.runs.facts import INTERRUPTED as SAVED
from graphnn.runs.store import RunStore
from graphnn.specification.variants import AS_IT_IS

EPOCHS = 10
CarryOut = Callable[..., list[Ended]]


def kill(executor: Jobs, position: int) -> None:
    """Kill the process of a training."""
    (pid,) = [each.process.pid for each in executor.workers if each.order and each.order.task.position == position]
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


def test_a_training_whose_process_is_killed_goes_on(
    comparison: ComparisonRequest, carry_out: CarryOut, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = carry_out(comparison, {(0, 3): kill}, jobs=2)
    lost = "1 of 2: as it is, seed 1: its process was ended by SIGKILL; another one goes on from its run\n"
    assert capsys.readouterr().err == lost
    assert [each.how for each in ended] == [FINISHED, FINISHED]
    assert len(comparison.store.runs()) == 2  # nothing was begun twice
    logs = [each.training.known.run.log.read_text() for each in ended if each.training.known]
    assert ["Resumed at epoch " in log for log in logs] == [True, False]
    assert "Resumed at epoch 1," not in logs[0]
    alone = replace(comparison, store=RunStore(tmp_path / "alone"))
    tables = [comparison_report([each.training for each in some]).data for some in (ended, carry_out(alone, {}))]
    for table in tables:
        assert [row.pop("seconds") > 0 for row in table] == [True]
    assert tables[0] == tables[1]


def test_a_training_whose_processes_are_all_killed_is_given_up(
    comparison: ComparisonRequest,
    carry_out: CarryOut,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(comparison_elsewhere, "MOST_LOST", 1)
    with pytest.raises(GraphError) as raised:
        carry_out(replace(comparison, seeds=(1,)), {(0, 2): kill, (0, 5): kill}, jobs=1)
    text = "given up: its process was ended by SIGKILL, as 1 before it"
    assert str(raised.value) == f"1 of 1: {AS_IT_IS}, seed 1:\n{text}"
    assert capsys.readouterr().err.count("another one goes on from its run") == 1
    assert not multiprocessing.active_children()


def test_all_are_stopped_and_saved_by_ctrl_c(
    comparison: ComparisonRequest, carry_out: CarryOut, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = carry_out(comparison, {(0, 2): lambda *_: signal.raise_signal(signal.SIGINT)}, jobs=2)
    assert ended[0].how == INTERRUPTED
    states = {INTERRUPTED: SAVED, FINISHED: FINISHED}
    assert [run.facts().state for run in comparison.store.runs()] == [states[each.how] for each in ended]
    lines = capsys.readouterr().err.splitlines()
    assert lines[-3].startswith("Interrupted; the ")
    assert lines[-2:] == ["To continue, with the same result as without the interruption:", "  again"]
    seen: list[int] = []
    acts = {(0, epoch): lambda *_: seen.append(len(seen) + 1) for epoch in range(1, EPOCHS + 1)}
    assert [each.how for each in carry_out(comparison, acts, jobs=2)] == [FINISHED, FINISHED]
    assert seen == [*range(1, EPOCHS + 1)]  # those from before, too
    assert len(comparison.store.runs()) == 2


def test_ctrl_c_does_not_end_a_process_that_is_only_starting(
    comparison: ComparisonRequest, capfd: pytest.CaptureFixture[str]
) -> None:
    started = TrainingProcess(ComparisonWork.of(comparison, "again"))
    assert started.process.pid is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(started.process.pid, number)
    started.connection.close()  # so that it ends, as soon as it reads
    started.process.join(60)
    assert (started.process.exitcode, capfd.readouterr().err) == (0, "")


def test_a_training_is_stopped_where_an_epoch_is_refused(comparison: ComparisonRequest, carry_out: CarryOut) -> None:
    (ended,) = carry_out(replace(comparison, seeds=(1,)), {(0, 2): lambda *_: False}, jobs=1)
    assert ended.how == STOPPED
    (run,) = comparison.store.runs()
    assert run.facts().state == SAVED


def test_a_training_that_fails_stops_the_others(comparison: ComparisonRequest, carry_out: CarryOut) -> None:
    def spoil(executor: Jobs, position: int) -> None:
        for run in comparison.store.runs():
            if run.last.is_file() and run.facts().changes[-1] == "--set training.seed=1":
                run.last.unlink()
                run.last.mkdir()

    with pytest.raises(GraphError) as raised:
        carry_out(comparison, {(0, 2): spoil}, jobs=2)
    assert str(raised.value).startswith("1 of 2: as it is, seed 1:\n")
    assert "last.npz" in str(raised.value)
    assert not multiprocessing.active_children()
    assert [run.facts().state in (SAVED, FINISHED) for run in comparison.store.runs()].count(True) == 1
