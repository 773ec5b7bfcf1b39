"""Signals during training."""

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import pytest

from graphnn.commands.guarding import INTERRUPTED, guarded
from graphnn.errors import GraphError
from graphnn.runs.stopping import SIGNALS, StopRequest


def send(*numbers: int) -> None:
    """Send signals to this process."""
    for number in numbers:
        os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_and_the_second_stops(number: int, capfd: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(number)
    with StopRequest() as stop:
        assert not stop()
        send(number)
        assert stop()
        with pytest.raises(KeyboardInterrupt):
            send(number)
    assert signal.getsignal(number) is before
    assert capfd.readouterr().err == "\nStopping after this step and saving; once more stops at once.\n"


def test_a_closed_terminal_asks_however_many_signals_it_sends(capfd: pytest.CaptureFixture[str]) -> None:
    """The shell passes on the SIGHUP that the system has sent already; a scheduler may add SIGTERM."""
    with StopRequest() as stop:
        send(signal.SIGHUP, signal.SIGHUP, signal.SIGTERM, signal.SIGHUP)
        assert stop()
        with pytest.raises(KeyboardInterrupt):
            send(signal.SIGINT)
    notices = ["Stopping after this step and saving.", "Stopping after this step and saving; once more stops at once."]
    assert capfd.readouterr().err.split("\n")[1::2] == notices


def test_a_limit_of_time_asks_however_often_it_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    """The system sends SIGXCPU each second from the limit on."""
    with StopRequest() as stop:
        send(signal.SIGXCPU, signal.SIGXCPU, signal.SIGXCPU)
        assert stop()
    assert capfd.readouterr().err == "\nStopping after this step and saving.\n"


def test_an_ignored_hangup_stays_ignored() -> None:
    """As nohup arranges it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with StopRequest() as stop:
            send(signal.SIGHUP)
            assert not stop()
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_terminal_that_is_gone_does_not_fail_the_run() -> None:
    saved, (reading, writing) = os.dup(2), os.pipe()
    os.close(reading)  # so that writing fails
    try:
        os.dup2(writing, 2)
        with StopRequest() as stop:
            send(signal.SIGINT)
            assert stop()
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(writing)


def saves() -> int:
    """Return what a command does that is asked to stop, and has saved."""
    return INTERRUPTED


def is_stopped_at_once() -> int:
    """Be stopped by the last signal once more, as by a user without patience."""
    send(signal.SIGTERM)
    return 0


@pytest.mark.parametrize(
    ("number", "then", "code"),
    [(each, saves, 128 + each) for each in SIGNALS] + [(signal.SIGTERM, is_stopped_at_once, 143)],
)
def test_the_exit_code_says_which_signal_it_was(number: int, then: Callable[[], int], code: int) -> None:
    def command(argv: object) -> int:
        with StopRequest():
            send(number)
            return then()

    assert guarded(command, []) == code
    assert guarded(lambda argv: INTERRUPTED, []) == 130  # not the signal of an earlier command


def test_another_thread_leaves_signals_alone() -> None:
    handlers = []

    def look() -> None:
        with StopRequest() as stop:
            handlers.append(signal.getsignal(signal.SIGINT))
            assert not stop()

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert handlers == [before]


def test_once_all_is_saved_nothing_stops_any_more(capfd: pytest.CaptureFixture[str]) -> None:
    with StopRequest() as stop:
        send(signal.SIGINT)
        stop.over()
        send(signal.SIGINT, signal.SIGTERM)
    assert capfd.readouterr().err.count("Stopping") == 1


def test_a_signal_while_a_message_is_printed_ends_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(argv: object) -> int:
        raise GraphError("wrong")

    def stopped(message: str, style: object) -> None:
        send(signal.SIGINT)

    monkeypatch.setattr("graphnn.commands.guarding.complain", stopped)
    assert guarded(fails, []) == 130


AT_EXIT = """
import atexit, os, signal, sys
from graphnn.commands.guarding import guarded
atexit.register(os.kill, os.getpid(), signal.SIGINT)
sys.exit(guarded(lambda argv: 130, None))
"""


def test_a_process_that_is_about_to_end_keeps_its_exit_code(python: Callable[..., Any]) -> None:
    done = python("-c", AT_EXIT)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
