"""A training that another process has ordered: what it is told, and what is found of the run."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from graphnn.runs.comparison import ComparisonRequest, planned
from graphnn.runs.comparison_training import DIVERGED, FINISHED, LEFT, STOPPED, ComparisonWork
from graphnn.runs.comparison_worker import ordered
from graphnn.runs.facts import DIVERGED as RUN_DIVERGED


def test_what_is_told_and_found(comparison: ComparisonRequest, held: Callable[[Path], Any], capsys: Any) -> None:
    """A training is stopped, goes on, is found finished, is left to another process, and is found diverged."""
    (training,) = planned(replace(comparison, seeds=(1,)))
    work, said, epochs = ComparisonWork.of(comparison, "again"), list[str](), list[int]()

    def carried_out(last: int = 100) -> str:
        epochs.clear()
        _, how = ordered(
            work,
            training,
            said=said.append,
            epoch_done=lambda record: epochs.append(record.epoch),
            stop=lambda: bool(epochs) and epochs[-1] >= last,
        )
        return how

    assert carried_out(last=1) == STOPPED
    assert epochs[:1] == [1]
    first = [*epochs]
    (run,) = comparison.store.runs()
    other = held(run.lock_file)
    assert (carried_out(), epochs) == (LEFT, [])
    other.kill()
    other.wait()
    assert carried_out() == FINISHED
    assert epochs == [*range(1, 11)]
    assert epochs[: len(first)] == first
    assert (carried_out(), epochs) == (FINISHED, [])
    replace(run.facts(), state=RUN_DIVERGED, done=3, message="too fast").save(run.facts_file)
    assert carried_out() == DIVERGED
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "")


def test_messages_are_told_not_printed(comparison: ComparisonRequest, capsys: Any) -> None:
    wild = comparison.document.changed("optimizer.learning_rate=1e30", "training.epochs=1")
    (training,) = planned(replace(comparison, document=wild, seeds=(1,)))
    said = list[str]()
    work = ComparisonWork.of(replace(comparison, document=wild), "again")
    result, how = ordered(work, training, said=said.append, epoch_done=lambda record: None, stop=lambda: False)
    assert (how, result.diverged) == (DIVERGED, True)
    assert "Try a learning rate smaller" in said[-1]
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "")
