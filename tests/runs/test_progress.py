"""What is shown during training: the bar of a terminal, and lines."""

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from graphnn.runs import progress
from graphnn.runs.progress import Progress, epoch_line, in_terminal
from graphnn.training.history import Record
from graphnn.training.length import Length

RECORD = Record(2, {"loss": 0.5, "accuracy": 0.75}, {"loss": 0.25, "accuracy": 0.875}, 0.05, 1.26, 1000.0)
LINE = "epoch  2/10  loss 0.5000  accuracy 75.00%  validation loss 0.2500  accuracy 87.50%  learning rate 0.0500  1.3 s"
SHORT = "epoch  2/10  loss 0.5000 75.00%  val 0.2500 87.50%  rate 0.0500  1.3 s"


def trainer(seen: int, epoch: int = 0) -> Any:
    metrics = {"loss": 0.5, "accuracy": 0.75}
    length = Length(100, 5, 10)
    return SimpleNamespace(
        length=length,
        steps_in_epoch=20,
        epoch=epoch,
        options=SimpleNamespace(epochs=10),
        samples_seen=seen,
        metrics=lambda: metrics,
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
    assert (
        epoch_line(Record(1, {"loss": 0.5}, None, 0.05, 0.0, 1.0), 1, 30)
        == "epoch 1/1  loss 0.5000  rate 0.0500  0.0 s"
    )


def test_lines_alone(capsys: pytest.CaptureFixture[str]) -> None:
    shown = Progress(quiet=False, live=False)
    shown.step_done(trainer(50))
    shown.epoch_done(trainer(0, 2), RECORD)
    streams = capsys.readouterr()
    assert (streams.out, streams.err) == (f"{LINE}\n", "")


def test_quiet_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    shown = Progress(quiet=True, live=True)
    shown.step_done(trainer(50))
    shown.epoch_done(trainer(0, 2), RECORD)
    streams = capsys.readouterr()
    assert streams.out + streams.err == ""


def test_the_bar_shows_progress_speed_and_remaining_time(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = iter([100.0, 101.0, 101.01, 102.0])
    monkeypatch.setattr(progress.time, "perf_counter", lambda: next(now))
    shown = Progress(quiet=False, live=True)
    for seen in (10, 20, 25, 60):
        shown.step_done(trainer(seen))
    shown.epoch_done(trainer(0, 2), RECORD)
    streams = capsys.readouterr()
    assert streams.out == f"{LINE}\n"
    drawn = streams.err.split("\r")
    assert any("epoch 1/10" in line and "20%, loss 0.5000, accuracy 75.00%" in line for line in drawn)
    assert any("25 images/s, 0:38 left" in line for line in drawn)  # 50 images in 2 s, 940 to go
    assert not any("25%" in line for line in drawn)  # too soon after the one before


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
    assert re.search(r"epoch 1/3 .* \d+%, loss \d\.\d+, accuracy \d+\.\d+%, [\d,]+ images/s, \d+:\d\d left", shown)
    plain = screen("--plain")
    assert "images/s" not in plain
    assert "epoch 3/3" in plain


def test_pipes_are_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal, pipe = SimpleNamespace(isatty=lambda: True), SimpleNamespace(isatty=lambda: False)
    for out, err, expected in ((terminal, terminal, True), (terminal, pipe, False), (pipe, terminal, False)):
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        assert in_terminal() is expected
