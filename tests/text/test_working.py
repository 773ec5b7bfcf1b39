"""What takes long says so: lines that move in a terminal, plain ones elsewhere, none without a display."""

import io
import os
import re
import sys
import threading
import time
from collections.abc import Callable

import pytest

from graphnn.text import working as module
from graphnn.text.terminal import complain, say
from graphnn.text.working import Display, Work, abandoned, displayed, go_on, moving_lines, row, working


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock by which progress is shown, which stands still; no thread looks at it."""
    clock = Clock()
    monkeypatch.setattr(module.time, "monotonic", clock)
    monkeypatch.setattr(threading.Thread, "start", lambda thread: None)
    monkeypatch.setattr(threading.Thread, "join", lambda thread: None)
    return clock


def spoken(clock: Clock, seconds: int, *, mute: bool = False) -> list[str]:
    """Return the plain lines of something that takes so long, a step each second."""
    stream = io.StringIO()
    with displayed(Display(stream, live=False, mute=mute)), working("reading animals", seconds) as task:
        for _ in range(seconds):
            clock.now += 1
            task.advance()
    return stream.getvalue().splitlines()


def test_plain_lines_come_less_and_less_often(clock: Clock) -> None:
    lines = spoken(clock, 300)
    assert lines[:3] == [
        "reading animals: 1%, 4:58 left",
        "reading animals: 2%, 4:55 left",
        "reading animals: 3%, 4:50 left",
    ]
    assert len(lines) == 9  # after 2, 5, 10, 20, 30 seconds, then after 90, 150, 210, 270
    assert lines[-1] == "reading animals: 90%, 0:30 left"


def test_what_is_done_at_once_says_nothing(clock: Clock) -> None:
    assert spoken(clock, 1) == []


def test_a_muted_display_says_nothing(clock: Clock) -> None:
    assert spoken(clock, 300, mute=True) == []


def test_a_long_step_is_no_reason_to_say_everything_that_was_due(clock: Clock) -> None:
    stream = io.StringIO()
    with displayed(Display(stream, live=False)), working("hashing") as task:
        for seconds in (1000, 1, 1):
            clock.now += seconds
            task.advance()
    assert stream.getvalue() == "hashing: 1, 16:40\n"


def test_nothing_is_shown_without_a_display(capsys: pytest.CaptureFixture[str], clock: Clock) -> None:
    with working("reading", 3) as task:
        for _ in range(3):
            clock.now += 100
            task.advance()
    assert task.done == 3
    assert capsys.readouterr() == ("", "")


def test_a_line_that_moves_and_makes_room(capsys: pytest.CaptureFixture[str], clock: Clock) -> None:
    display = Display(sys.stderr, live=True)
    with displayed(display), working("reading \x1b[31m", 4) as task:
        clock.now += 2
        task.advance()
        complain("a message")
        say("a line")
        clock.now += 2
        task.advance(3)
    out, err = capsys.readouterr()
    assert out == "a line\n"
    assert err.split("\r") == [
        "",
        f"\x1b[2K⠋ reading \\u001b[31m  {'━' * 9}╸{'─' * 28}   25%  0:06 left",
        "\x1b[2Ka message\n",
        f"\x1b[2K⠋ reading \\u001b[31m  {'━' * 38}  100%  0:00 left",
        "\x1b[2K",
    ]


def test_a_handler_of_signals_erases_the_lines_itself(clock: Clock) -> None:
    stream = io.StringIO()
    with displayed(Display(stream, live=True)), working("hashing") as task:
        assert abandoned() == ""
        clock.now += 2
        task.advance()
        drawn = stream.getvalue()
        assert abandoned() == "\r\x1b[2K"
        assert abandoned() == ""
    assert stream.getvalue() == drawn
    assert abandoned() == ""


@pytest.mark.parametrize("width", [40, 79, 119])
def test_a_line_fits_its_terminal(width: int) -> None:
    task = Work("reading a folder whose name is much too long to be shown in a narrow terminal as a whole", 400)
    task.advance(100)
    [line] = task.lines(width, 3.0, io.StringIO())
    assert len(line) <= width
    assert "25%  0:09 left" in line
    assert line.count("━") + line.count("╸") + line.count("─") >= (12 if width < 60 else 20)


@pytest.mark.parametrize("width", [20, 30, 40])
@pytest.mark.parametrize("colour", ["", "1"])
def test_a_bar_fits_a_terminal_that_is_narrower_than_its_words(
    width: int, colour: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", colour)
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    line = re.sub(r"\x1b\[[\d;]*m", "", row("| epoch 1/10", 0.5, "   50%  12:34 left  loss 0.5", width, stream))
    assert line.startswith("| epoch 1/10"[:width])
    assert line.isascii()
    assert len(line) == width


def test_a_terminal_of_ascii_gets_a_bar_of_ascii() -> None:
    task = Work("größe", 2)
    task.advance()
    [line] = task.lines(60, 3.0, io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    assert line.isascii()
    assert "=====-----" in line


def test_without_a_total_the_units_are_counted() -> None:
    task = Work("reading", unit="files")
    task.advance(1234)
    [line] = task.lines(60, 3.0, io.StringIO())
    assert line[1:] == " reading  1,234 files  0:03"


def test_lines_move_while_nothing_advances() -> None:
    stream = io.StringIO()
    display = Display(stream, live=True)
    with displayed(display), working("hashing"):
        deadline = time.monotonic() + 60
        while stream.getvalue().count("hashing") < 3 and time.monotonic() < deadline:
            time.sleep(0.05)
    assert stream.getvalue().count("hashing") >= 3
    assert display._thread is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_no_thread_is_alive_when_a_process_forks_and_the_new_one_is_silent() -> None:
    stream, ends = io.StringIO(), os.pipe()
    display = Display(stream, live=True)
    with displayed(display), working("hashing") as task:
        assert display._thread is not None
        child = os.fork()
        if child == 0:
            task.advance()
            os.write(ends[1], f"{display.live} {threading.active_count()}".encode())
            os._exit(0)
        assert display._thread is None
        os.waitpid(child, 0)
        assert os.read(ends[0], 100) == b"False 1"
        go_on()
        assert display._thread is not None


def test_a_stream_that_is_gone_stops_nothing(clock: Clock) -> None:
    stream = io.StringIO()
    stream.close()
    with displayed(Display(stream, live=False)) as display, working("hashing") as task:
        clock.now += 5
        task.advance()
        assert display.mute


@pytest.mark.parametrize(("term", "expected"), [("xterm", True), ("dumb", False)])
def test_lines_move_in_terminals_that_can(term: str, expected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", term)
    assert not moving_lines(io.StringIO())
    terminal: Callable[[], bool] = lambda: True  # noqa: E731
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", terminal, raising=False)
    assert moving_lines(stream) is expected
