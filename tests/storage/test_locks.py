"""Locks between processes, and turns in a folder: asking for a lock disturbs nobody."""

import errno
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graphnn.storage.locks import InUse, claim, turn

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such locks")
SHARED = """
import sys
from graphnn.storage.locks import claim

with open(sys.argv[1]) as file:
    print(claim(file, shared=True), flush=True)
    sys.stdin.readline()
"""
TURN = """
import sys
from pathlib import Path
from graphnn.storage.locks import turn

with turn(Path(sys.argv[1]), 10):
    print("in", flush=True)
    sys.stdin.readline()
print("out", flush=True)
"""
Holder = Callable[[str, Path], Any]


@pytest.fixture
def holder(root: Path) -> Any:
    """Run a program with a path in another process, and return it when it has the lock; a line to it ends it."""
    processes = []

    def run(program: str, path: Path) -> Any:
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(path)],
            cwd=root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        assert process.stdout is not None
        process.stdout.readline()
        return process

    yield run
    for process in processes:
        process.kill()
        process.communicate()


def test_who_shares_a_lock_keeps_out_who_wants_it_alone(tmp_path: Path, holder: Holder) -> None:
    file = tmp_path / "lock"
    file.touch()
    other = holder(SHARED, file)
    with file.open() as shared:
        assert claim(shared, shared=True)
    with file.open("a") as alone:
        with pytest.raises(InUse):
            claim(alone, seconds=0.05)
        other.stdin.write("\n")
        other.stdin.flush()
        assert claim(alone, seconds=10)  # it waits for the other's end


def test_one_process_at_a_time_has_its_turn(tmp_path: Path, holder: Holder) -> None:
    other = holder(TURN, tmp_path)
    with pytest.raises(InUse), turn(tmp_path, 0.05):
        pass
    other.stdin.write("\n")
    other.stdin.flush()
    with turn(tmp_path, 10):
        pass
    assert list(tmp_path.iterdir()) == []


def test_without_locks_nobody_waits(tmp_path: Path, holder: Holder, monkeypatch: pytest.MonkeyPatch) -> None:
    holder(TURN, tmp_path)

    def unsupported(*arguments: Any) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    with monkeypatch.context() as patch:
        patch.setattr("fcntl.flock", unsupported)
        with turn(tmp_path, 10):
            pass
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with turn(tmp_path, 10):
        pass
