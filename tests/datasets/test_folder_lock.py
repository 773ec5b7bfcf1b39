"""FolderLock: one process at a time, others wait; what killed ones left goes, what others work on stays."""

import contextlib
import errno
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from graphnn.datasets import folder_lock
from graphnn.datasets.folder_lock import ABANDONED, LOCK, FolderLock
from graphnn.errors import DataError

HOLD = (
    "import sys, time; from pathlib import Path; from graphnn.datasets.folder_lock import FolderLock\n"
    "with FolderLock(Path(sys.argv[1]), lambda: print('waiting', flush=True)) as lock:\n"
    "    (Path(sys.argv[1]) / '.unpacking-1').mkdir(exist_ok=True)\n"
    "    print('held', flush=True)\n"
    "    time.sleep(float(sys.argv[2]))\n"
)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def never() -> None:
    raise AssertionError("it waits")


def test_folder_is_made_and_nothing_is_left_in_it(tmp_path):
    folder = tmp_path / "data" / "mnist"
    with FolderLock(folder, never) as lock:
        assert lock.held
        assert names(folder) == [LOCK]
    assert names(folder) == []


def test_threads_take_turns(tmp_path, monkeypatch):
    monkeypatch.setattr(folder_lock, "POLL", 0.001)
    inside, most, waited = [], [], []

    def work(number: int) -> None:
        for _ in range(20):
            with FolderLock(tmp_path, lambda: waited.append(number)):
                inside.append(number)
                most.append(len(inside))
                inside.remove(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(most), max(most)) == (80, 1)
    assert names(tmp_path) == []


def test_lock_on_a_file_that_was_just_removed_does_not_count(tmp_path, monkeypatch):
    import fcntl

    flock, calls = fcntl.flock, []

    def late(descriptor: int, operation: int) -> None:
        if not calls:
            (tmp_path / LOCK).unlink()  # as the process that had the lock does
        calls.append(operation)
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    with FolderLock(tmp_path, never):
        assert names(tmp_path) == [LOCK]
    assert len(calls) == 2


def test_another_process_is_waited_for_and_its_files_stay(tmp_path, start):
    first = start("-c", HOLD, tmp_path, "600")
    assert first.stdout.readline() == "held\n"
    second = start("-c", HOLD, tmp_path, "0")
    assert second.stdout.readline() == "waiting\n"
    assert names(tmp_path) == [LOCK, ".unpacking-1"]
    first.kill()
    first.communicate()
    assert second.communicate()[0] == "held\n"
    assert (second.returncode, names(tmp_path)) == (0, [".unpacking-1"])
    with FolderLock(tmp_path, never):
        assert names(tmp_path) == [LOCK]


def test_waiting_ends_with_ctrl_c(tmp_path, start):
    with FolderLock(tmp_path, never):
        waiting = start("-c", HOLD, tmp_path, "0")
        assert waiting.stdout.readline() == "waiting\n"
        waiting.send_signal(signal.SIGINT)
        assert waiting.communicate()[1].splitlines()[-1] == "KeyboardInterrupt"
        assert names(tmp_path) == [LOCK]


def test_what_the_dead_left_is_removed(tmp_path):
    (tmp_path / LOCK).touch()
    (tmp_path / ".unpacking-abc" / "inner").mkdir(parents=True)
    (tmp_path / ".downloading-0123-file.part").touch()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "kept").touch()
    (tmp_path / ".unpacking-link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "file.part").touch()
    with FolderLock(tmp_path, never):
        pass
    assert names(tmp_path) == [".unpacking-link", "elsewhere", "file.part"]
    assert names(tmp_path / "elsewhere") == ["kept"]


def test_lock_file_is_never_a_link(tmp_path):
    (tmp_path / LOCK).symlink_to(tmp_path / "victim")
    with contextlib.suppress(OSError), FolderLock(tmp_path, never):
        pass
    assert not (tmp_path / "victim").exists()


@pytest.fixture(params=["system", "file system"])
def no_locks(request, monkeypatch):
    """Take the locks away, from Python or from the file system."""
    if request.param == "system":
        monkeypatch.setitem(sys.modules, "fcntl", None)
        return

    def unsupported(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", unsupported)


@pytest.mark.usefixtures("no_locks")
def test_without_locks_only_what_is_old_is_removed(tmp_path):
    for name in (".unpacking-old", ".unpacking-new"):
        (tmp_path / name).mkdir()
    for name in (".downloading-0-a.part", ".downloading-1-a.part"):
        (tmp_path / name).touch()
    before = time.time() - ABANDONED - 10
    for name in (".unpacking-old", ".downloading-0-a.part"):
        os.utime(tmp_path / name, (before, before))
    with FolderLock(tmp_path, never) as lock:
        assert not lock.held
        assert names(tmp_path) == [".downloading-1-a.part", ".unpacking-new"]


@pytest.mark.usefixtures("no_locks")
def test_without_locks_each_has_a_partial_file_of_its_own(tmp_path):
    (tmp_path / "a.part").write_bytes(b"begun")
    with FolderLock(tmp_path, never) as one, one.part("a") as first:
        assert first.read_bytes() == b"begun"
        with FolderLock(tmp_path, never) as two, two.part("a") as second:
            assert first != second
            assert not second.exists()
            second.write_bytes(b"other")
            second.replace(tmp_path / "a")
        assert first.read_bytes() == b"begun"
    assert names(tmp_path) == ["a", "a.part"]


@pytest.mark.usefixtures("no_locks")
def test_without_locks_files_are_downloaded_all_the_same(tmp_path, server):
    from graphnn.datasets.download import fetch_missing

    server.content["/file"] = bytes(100_000)
    (tmp_path / "file.part").write_bytes(bytes(10))
    remote = server.remote("file", server.content["/file"])
    threads = [
        threading.Thread(target=fetch_missing, args=("mnist", [remote], tmp_path), kwargs={"show_progress": False})
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "file").read_bytes() == server.content["/file"]
    assert names(tmp_path) == ["file"]
    server.content["/file"] = bytes(5)
    (tmp_path / "file").unlink()
    with pytest.raises(DataError, match="offers 5 bytes"):
        fetch_missing("mnist", [remote], tmp_path, show_progress=False)
    assert names(tmp_path) == []
