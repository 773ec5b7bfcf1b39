"""The progress of a comparison: time left for all trainings, and the lines of a terminal."""

import io
from types import SimpleNamespace
from typing import Any, cast

import pytest

from graphnn.runs.comparison_progress import ComparisonProgress, RunTask, TimeOfAll
from graphnn.text.working import Display, displayed
from graphnn.training.trainer import Trainer


def test_the_time_left_is_that_of_the_epochs_left() -> None:
    times = TimeOfAll([5, 10, 10])
    assert times.left(0) is None
    assert times.left(0, (10.0, 4.0)) == 4 + 2 * 20
    times.over(0, 10.0)
    assert times.left(1) == 20 + 20
    assert times.left(1, (20.0, 5.0)) == 5 + 20
    assert times.share(1, 0.5) == (5 + 5) / 25
    times.over(1, 0.0)  # it diverged at once
    assert times.left(2) == 20


def test_a_training_of_known_length_is_announced_with_the_time_of_all() -> None:
    times = TimeOfAll([1, 6, 6])
    assert ComparisonProgress(times, 0, 3).expected() == ""
    times.over(0, 10.0)
    assert ComparisonProgress(times, 1, 3).expected() == " (about 2:00 left for all)"
    for live, said in ((True, ""), (False, " (about 2:00 left for all)")):
        with displayed(Display(io.StringIO(), live=live)):
            assert ComparisonProgress(times, 1, 3).expected() == said
    times.over(1, 60.0)
    times.over(0, 1.0)
    assert ComparisonProgress(times, 2, 3).expected() == ""  # less than a minute needs no announcement


def task() -> RunTask:
    made = RunTask("2 of 3", 200)
    made.look("epoch 3/10", {"loss": 0.25, "accuracy": 0.5}, 65.0, (0.4, 125.0))
    made.advance(50)
    return made


@pytest.mark.parametrize("width", [79, 60, 119])
def test_the_lines_say_which_training_and_how_long_for_all(width: int) -> None:
    own, of_all = task().lines(width, 0.0, io.StringIO())
    assert own.startswith("2 of 3, epoch 3/10  ")
    assert " 25%  1:05 left" in own
    assert ("0.2500" in own) == (width > 60)
    assert of_all.startswith("all trainings       ")
    assert of_all.endswith(" 40%  2:05 left")
    assert max(len(own), len(of_all)) <= width
    assert own.index("%") == of_all.index("%")


def test_the_plain_line_says_the_same() -> None:
    assert task().sentence(0.0) == "2 of 3, epoch 3/10: 25%, 1:05 left; all trainings: 40%, 2:05 left"


class Length:
    """The length of a run of two epochs of two steps of five samples."""

    steps_per_epoch, total_samples = 2, 20

    def samples_after(self, steps: int) -> int:
        return 5 * steps


def trainer(epoch: int, samples: int) -> Trainer:
    values: dict[str, Any] = {"epoch": epoch, "samples_seen": samples, "length": Length()}
    figures = {"loss": 0.25}
    return cast(Trainer, SimpleNamespace(**values, options=SimpleNamespace(epochs=2), metrics=lambda: figures))


def test_a_terminal_shows_them_while_a_training_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    stream, clocks = io.StringIO(), iter([0.0, 10.0, 20.0])
    monkeypatch.setattr("graphnn.runs.comparison_progress.time.perf_counter", lambda: next(clocks))
    monkeypatch.setenv("COLUMNS", "80")
    progress = ComparisonProgress(TimeOfAll([2, 2]), 0, 2)
    with displayed(Display(stream, live=True)):
        for each in (trainer(0, 0), trainer(0, 5), trainer(1, 0)):
            progress.step_done(each)
        progress.close()
    assert "1 of 2, epoch 1/2" in stream.getvalue()
    assert " 25%  0:30 left" in stream.getvalue()
    assert " 12%  1:10 left" in stream.getvalue()
