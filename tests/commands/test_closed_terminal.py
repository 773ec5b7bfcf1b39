"""train in a terminal that is closed meanwhile, and in a process group that gets a signal as a whole."""

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a pseudo-terminal")
ROOT = Path(__file__).parents[2]
HANGS = 600  # seconds
LONG = ("--set", "training.epochs=100000")


def read_until(end: int, words: bytes) -> bytes:
    """Return what a terminal shows until `words` are there."""
    shown, until = b"", time.monotonic() + HANGS
    while words not in shown:
        assert time.monotonic() < until, shown
        if select.select([end], [], [], 1)[0]:
            shown += os.read(end, 4096)
    return shown


def in_terminal(*arguments: str | Path) -> tuple["subprocess.Popen[bytes]", int]:
    """Start a command as the first process of a new terminal; return it and the terminal's other end."""
    end, terminal = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", LEADER, *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "TERM": "xterm"},
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    return process, end


# The first process of a terminal is told when it is closed, as a shell is.
LEADER = """
import fcntl, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from graphnn.commands.main import main
sys.exit(main(sys.argv[1:]))
"""


def test_a_closed_terminal_loses_nothing(train: Callable[..., Any], document: Path, tmp_path: Path) -> None:
    options = ("--set", "training.epochs=15")
    process, end = in_terminal("train", document, *options, "--threads", "2")
    try:
        read_until(end, b" 2/15  loss")
        os.close(end)
        assert process.wait(HANGS) == 128 + signal.SIGHUP
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait()
    code, out, err = train("--resume", *options)
    assert (code, err) == (0, "")
    assert "Resumed at epoch " in out
    assert train(*options, "--output", tmp_path / "whole.npz")[0] == 0
    assert document.with_suffix(".npz").read_bytes() == (tmp_path / "whole.npz").read_bytes()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGXCPU])
def test_a_signal_to_the_whole_group_saves(number: signal.Signals, document: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "graphnn", "train", str(document), *LONG, "--threads", "2"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    while " 1/" not in process.stdout.readline():
        assert process.poll() is None
    os.killpg(process.pid, number)
    _, err = process.communicate(timeout=HANGS)
    assert process.returncode == 128 + number
    assert "saved in" in err
    assert "Traceback" not in err


def test_a_run_under_nohup_goes_on(document: Path, start: Callable[..., Any]) -> None:
    process = start("-c", IGNORED, "train", document, "--set", "training.epochs=6")
    while " 1/" not in process.stdout.readline():
        assert process.poll() is None
    os.kill(process.pid, signal.SIGHUP)
    out, err = process.communicate(timeout=HANGS)
    assert (process.returncode, err) == (0, "")
    assert "epoch 6/6" in out


IGNORED = """
import signal, sys
signal.signal(signal.SIGHUP, signal.SIG_IGN)
from graphnn.commands.main import main
sys.exit(main(sys.argv[1:]))
"""
