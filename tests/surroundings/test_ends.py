"""However a training ends, no process and no shared memory is left of it, and what was good is still there."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from graphnn.engine.processes import can_fork

pytestmark = pytest.mark.skipif(not can_fork(), reason="needs processes that are forked")
long = partial(pytest.param, marks=pytest.mark.long)
HANGS = 600  # seconds


def others(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def runs(pid: int) -> bool:
    """Whether a process is there, and is more than an entry that waits to be asked for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + HANGS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@contextmanager
def training(root: Path, folder: Path, start: Any, epochs: int) -> Iterator[tuple["subprocess.Popen[str]", list[int]]]:
    """Start a training on two processes and wait until both work; at the end see that nothing is left of it."""
    before = set(Path("/dev/shm").iterdir())
    command = ("train.py", "wide.json", "--plain", "--threads", "2", "--set", f"training.epochs={epochs}")
    process = start(root / "tools" / command[0], *command[1:], cwd=folder)
    try:
        wait_until(lambda: process.poll() is not None or others(process.pid))
        found = others(process.pid)
        assert len(found) == 1
        wait_until(lambda: process.poll() is not None or list(folder.glob("wide.runs/*/last.npz")))
        yield process, found
        process.communicate(timeout=HANGS)
        wait_until(lambda: not any(map(runs, found)))
        assert set(Path("/dev/shm").iterdir()) <= before
    finally:
        process.kill()
        for pid in filter(runs, found):
            with suppress(ProcessLookupError):  # it has just ended
                os.kill(pid, signal.SIGKILL)


@pytest.mark.long
def test_after_the_last_epoch(root: Path, folder: Path, start: Any) -> None:
    with training(root, folder, start, 20) as (process, _):
        assert process.wait() == 0
    assert (folder / "wide.npz").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, long(signal.SIGTERM)])
def test_after_an_interruption(root: Path, folder: Path, start: Any, number: int) -> None:
    with training(root, folder, start, 10**6) as (process, _):
        process.send_signal(number)
    assert list(folder.glob("wide.runs/*/last.npz"))


@pytest.mark.long
def test_after_the_first_process_was_killed(root: Path, folder: Path, start: Any) -> None:
    with training(root, folder, start, 10**6) as (process, _):
        process.kill()
    assert list(folder.glob("wide.runs/*/last.npz"))


def test_after_another_process_was_killed(root: Path, folder: Path, start: Any) -> None:
    """As the system does where memory runs out: one message says which, what may be wrong, and how to go on."""
    with training(root, folder, start, 10**6) as (process, found):
        os.kill(found[0], signal.SIGKILL)
        _, errors = process.communicate(timeout=HANGS)
    assert process.returncode == 2
    assert "a process of the engine was lost: process 2 of the team was ended by SIGKILL when it had taken " in errors
    assert "use fewer threads, or smaller batches" in errors
    assert "--resume" in errors
    assert "Traceback" not in errors
