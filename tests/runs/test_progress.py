"""What is shown during training: the bar of a terminal, and lines."""

import io
import os
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from graphnn.runs import progress
from graphnn.runs.progress import EpochTask, FirstStep, Progress, epoch_line
from graphnn.text.tables import display_width
from graphnn.text.working import Display, displayed
from graphnn.training.history import Record
from graphnn.training.length import Length

RECORD = Record(2, {"loss": 0.5, "accuracy": 0.75}, {"loss": 0.25, "accuracy": 0.875}, 0.05, 1.26, 1000.0)
LINE = "epoch  2/10  loss 0.5000  accuracy 75.00%  validation loss 0.2500  accuracy 87.50%  learning rate 0.0500  1.3 s"
SHORT = "epoch  2/10  loss 0.5000 75.00%  val 0.2500 87.50%  rate 0.0500  1.3 s"


REGRESSION = {"loss": 0.5, "mean_absolute_error": 0.25, "r2": 0.75}


def trainer(seen: int, epoch: int = 0, metrics: Mapping[str, float] | None = None, epochs: int = 10) -> Any:
    length = Length(100, 5, epochs)
    return SimpleNamespace(
        graph=SimpleNamespace(input_shape=(1, 8, 8)),
        watched=(),
        length=length,
        steps_in_epoch=20,
        epoch=epoch,
        options=SimpleNamespace(epochs=epochs),
        samples_seen=seen,
        finished=epoch == epochs,
        metrics=lambda: metrics or {"loss": 0.5, "accuracy": 0.75},
    )


def test_the_line_of_an_epoch() -> None:
    assert epoch_line(RECORD, 10) == LINE
    assert epoch_line(Record(10, {"loss": 0.5}, None, 1e-5, 0.0, 1.0), 10) == (
        "epoch 10/10  loss 0.5000  learning rate 1.00e-05  0.0 s"
    )
    assert "learning rate 100  " in epoch_line(Record(1, {"loss": 0.5}, None, 100.0, 0.0, 1.0), 1)


def test_the_line_of_an_epoch_of_a_run_that_ends_within_one() -> None:
    assert epoch_line(RECORD, 9.9).startswith("epoch  2/9.9  loss")
    assert epoch_line(Record(10, {"loss": 0.5}, None, 0.1, 0.0, 1.0), 9.9).startswith("epoch 10/9.9  loss")
    assert epoch_line(Record(1, {"loss": 0.5}, None, 0.1, 0.0, 1.0), 0.25).startswith("epoch 1/0.25  loss")


def test_the_line_of_an_epoch_in_a_narrow_terminal() -> None:
    assert epoch_line(RECORD, 10, len(LINE)) == LINE
    assert epoch_line(RECORD, 10, len(LINE) - 1) == SHORT
    assert epoch_line(Record(1, {"loss": 0.5}, None, 0.05, 0.0, 1.0), 1, 30) == "epoch 1/1  loss 0.5000  0.0 s"


def test_the_line_of_an_epoch_of_a_regression_keeps_the_names_of_its_figures() -> None:
    record = Record(2, REGRESSION, REGRESSION, 0.05, 1.26, 1000.0)
    assert epoch_line(record, 10, 100) == (
        "epoch  2/10  loss 0.5000 MAE 0.2500 R² 0.7500  val 0.5000 MAE 0.2500 R² 0.7500  rate 0.0500  1.3 s"
    )
    narrow = epoch_line(record, 10, 80)
    assert narrow == "epoch  2/10  loss 0.5000  val 0.5000 MAE 0.2500 R² 0.7500  1.3 s"


def test_lines_alone(capsys: pytest.CaptureFixture[str]) -> None:
    shown = Progress(quiet=False)
    shown.step_done(trainer(50))
    shown.epoch_done(trainer(0, 2), RECORD)
    streams = capsys.readouterr()
    assert (streams.out, streams.err) == (f"{LINE}\n", "")


def test_quiet_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    shown = Progress(quiet=True)
    with displayed(Display(sys.stderr, live=True)):
        shown.step_done(trainer(50))
        shown.step_done(trainer(60))
        shown.epoch_done(trainer(0, 2), RECORD)
    streams = capsys.readouterr()
    assert streams.out + streams.err == ""


@pytest.fixture
def bars(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Return the bars after some steps of a training, a second each."""

    def at(*seen: int, width: int = 79, **settings: Any) -> list[str]:
        now = iter(range(100, 1000))
        monkeypatch.setattr(progress.time, "perf_counter", lambda: next(now))
        shown = Progress(quiet=False)
        for each in seen:
            shown.step_done(trainer(each, **settings))
        task = shown._task
        assert task is not None
        lines = task.lines(width, 3.0, io.StringIO())
        shown.close()
        assert all(display_width(line) <= width for line in lines)
        return list(lines)

    return at


def test_the_bars_show_the_epoch_and_the_whole_run_each_with_the_time_left(bars: Callable[..., list[str]]) -> None:
    first, second = bars(10, 20, 25, 60)  # 50 images in 3 s, 40 to go in the epoch, 940 in the run
    assert re.fullmatch(r"⠋ epoch 1/10  ━+╸?─+   60%  0:02 left  loss 0.5000 75.00%", first), first
    assert re.fullmatch(r"  whole run   ━+╸?─+    6%  0:56 left  17 images/s", second), second
    lengths = [len(re.findall("[━╸─]", line)) for line in (first, second)]
    assert lengths[0] == lengths[1] >= 20


def test_a_wide_terminal_shows_the_names_of_all_figures(bars: Callable[..., list[str]]) -> None:
    first, _ = bars(10, 20, 60, width=119)
    assert first.endswith("left  loss 0.5000  accuracy 75.00%")
    first, _ = bars(10, 20, 60, width=119, metrics=REGRESSION)
    assert first.endswith("  loss 0.5000  mean absolute error 0.2500  R² 0.7500")


def test_a_narrow_terminal_leaves_out_figures_before_the_bar_gets_too_small(bars: Callable[..., list[str]]) -> None:
    first, _ = bars(10, 20, 60, metrics=REGRESSION)
    assert first.endswith("left  loss 0.5000")
    assert len(re.findall("[━╸─]", first)) >= 20
    first, _ = bars(10, 20, 60, width=50)
    assert first.endswith("left")


def test_one_epoch_has_one_bar(bars: Callable[..., list[str]]) -> None:
    [line] = bars(10, 20, 60, epochs=1)
    assert line.startswith("⠋ epoch 1/1  ━")


def test_a_long_epoch_says_now_and_then_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(EpochTask, "spoken_at", (0,))
    stream = io.StringIO()
    with displayed(Display(stream, live=False)):
        shown = Progress(quiet=False)
        for seen in (10, 20, 60):
            shown.step_done(trainer(seen))
        assert shown._task is not None
        assert shown._task.sentence(3).startswith("epoch 1/10: ")
        shown.close()
    assert stream.getvalue().startswith("epoch 1/10: ")


def test_the_first_step_of_an_epoch_may_take_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FirstStep, "spoken_at", (0,))
    stream = io.StringIO()
    with displayed(Display(stream, live=False)):
        shown = Progress(quiet=False)
        shown.begin(trainer(0))
        assert stream.getvalue() == "epoch 1/10: 0:00\n"
        shown.epoch_done(trainer(0, 1), RECORD)
        assert stream.getvalue().endswith("epoch 2/10: 0:00\n")
        shown.epoch_done(trainer(0, 10), RECORD)
        assert stream.getvalue().count("\n") == 2
        shown.close()


def test_the_best_epoch_is_green_in_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    losses = (0.5, 0.25, 0.3, 0.2)
    records = [Record(at, {"loss": 0.5}, {"loss": loss}, 0.05, 1.0, 1000.0) for at, loss in enumerate(losses, 1)]

    def green(kept: SimpleNamespace) -> list[bool]:
        shown = Progress(quiet=False)
        for record in records:
            now = trainer(0, record.epoch)
            now.history, now.kept = records[: record.epoch], kept
            shown.epoch_done(now, record)
        return [line.startswith("\x1b[32m") for line in capsys.readouterr().out.splitlines()]

    assert green(SimpleNamespace(best=None, record=None)) == [False, True, False, True]
    assert green(SimpleNamespace(best="accuracy", record=records[2])) == [False, False, True, False]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_a_terminal_gets_a_bar_and_plain_takes_it_away(document: Path, start: Callable[..., Any]) -> None:
    import fcntl
    import pty
    import struct
    import termios

    def screen(*options: str) -> str:
        terminal, inside = pty.openpty()
        fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 160, 0, 0))  # rows and columns
        process = start("tools/train.py", document, *options, to=inside)
        os.close(inside)
        shown = bytearray()
        while True:
            try:
                read = os.read(terminal, 65536)
            except OSError:  # how Linux says that the other side has closed
                break
            if not read:
                break
            shown += read
        os.close(terminal)
        assert process.wait() == 0
        return shown.decode()

    shown = screen()
    found = re.search(r"epoch 1/3  .*whole run  .*  [\d,]+ samples/s", shown, re.DOTALL)
    assert found is not None or "epoch 3/3" in shown  # it may be over before anything is drawn
    plain = screen("--plain")
    assert "samples/s" not in plain
    assert "\x1b[2K" not in plain
    assert "epoch 3/3" in plain
