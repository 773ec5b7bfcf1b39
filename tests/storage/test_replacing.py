"""Replacing files: atomic, with the permissions that were there, and nothing left by those who died doing it."""

import errno
import os
import re
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from graphnn.storage import replacing as module
from graphnn.storage.locks import claim
from graphnn.storage.regular_files import NotRegularError
from graphnn.storage.replacing import TEMPORARY, remove_abandoned, replacing


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_file_is_replaced_at_the_end_of_the_block(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with replacing(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["file"]


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt])
def test_failure_leaves_the_old_file_and_nothing_else(tmp_path, failure):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fail():
        with replacing(path) as file:
            file.write(b"half of the new")
            raise failure

    with pytest.raises(failure):
        fail()
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


def test_name_that_is_a_folder_leaves_nothing_behind(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(NotRegularError, match="is a folder, not a regular file"), replacing(tmp_path / "folder"):
        pass
    assert names(tmp_path) == ["folder"]


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_permissions_follow_the_umask(tmp_path, mask, mode):
    before = os.umask(mask)
    try:
        with replacing(tmp_path / "file"):
            pass
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444, 0o777])
def test_permissions_of_the_file_that_is_replaced_are_kept(tmp_path, mode):
    path = tmp_path / "file"
    path.touch()
    path.chmod(mode)
    with replacing(path) as file:
        assert not stat.S_IMODE(os.fstat(file.fileno()).st_mode) & ~mode & 0o777  # no wider meanwhile
    assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.fixture
def linked(tmp_path):
    """A link in one folder to a file in another."""
    (tmp_path / "elsewhere").mkdir()
    target = tmp_path / "elsewhere" / "file"
    target.write_bytes(b"old")
    target.chmod(0o640)
    (tmp_path / "link").symlink_to(target)
    return tmp_path / "link"


def test_target_of_a_link_is_replaced_where_links_are_followed(linked):
    target = linked.readlink()
    with replacing(linked, follow=True) as file:
        file.write(b"new")
    assert linked.is_symlink()
    assert target.read_bytes() == b"new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert names(target.parent) == ["file"]


def test_otherwise_the_link_is_replaced_and_its_target_left_alone(linked):
    target = linked.readlink()
    with replacing(linked) as file:
        file.write(b"new")
    assert not linked.is_symlink()
    assert linked.read_bytes() == b"new"
    assert target.read_bytes() == b"old"
    assert names(target.parent) == ["file"]


def test_a_link_that_leads_nowhere_is_not_followed(linked):
    linked.readlink().unlink()
    before = names(linked.parent)
    reason = f"is a link to {linked.readlink()}, which does not exist"
    with pytest.raises(FileNotFoundError, match=re.escape(reason)), replacing(linked, follow=True):
        pass
    assert names(linked.parent) == before
    with replacing(linked) as file:
        file.write(b"new")
    assert linked.read_bytes() == b"new"


@pytest.mark.parametrize("follow", [False, True])
def test_what_is_no_regular_file_is_not_replaced(tmp_path, follow):
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(NotRegularError, match="is a fifo, not a"), replacing(tmp_path / "fifo", follow=follow):
        pass
    (tmp_path / "link").symlink_to(tmp_path / "fifo")
    with pytest.raises(NotRegularError, match="is a fifo"), replacing(tmp_path / "link", follow=True):
        pass
    assert names(tmp_path) == ["fifo", "link"]


def test_longest_possible_name_works(tmp_path):
    with replacing(tmp_path / ("n" * 255)):
        pass
    assert names(tmp_path) == ["n" * 255]


def test_file_and_folder_are_fsynced_in_this_order(tmp_path, monkeypatch):
    done = []
    fsync = os.fsync

    def recorded(descriptor):
        done.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        done.append((tmp_path / "file").exists())
        fsync(descriptor)

    monkeypatch.setattr("os.fsync", recorded)
    with replacing(tmp_path / "file") as file:
        file.write(b"new")
    assert done == ["file", False, "folder", True]


KILLED = """
import os, signal, sys
from pathlib import Path
from graphnn.storage.replacing import replacing
with replacing(Path(sys.argv[1])) as file:
    file.write(b"half")
    file.flush()
    if sys.argv[2:]:
        print("written", flush=True)
        sys.stdin.read()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def temporaries(folder):
    return [path for path in folder.iterdir() if TEMPORARY.fullmatch(path.name)]


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path, root):
    done = subprocess.run([sys.executable, "-c", KILLED, tmp_path / "file"], cwd=root, check=False)
    assert done.returncode == -9
    assert len(temporaries(tmp_path)) == 1
    others = (".graphnn-notes.tmp", ".graphnn-0123456789abcdef.tmp.mine", "graphnn-0123456789abcdef.tmp", "file")
    for name in others:
        (tmp_path / name).touch()
    (tmp_path / ".graphnn-00000000000000ff.tmp").mkdir()
    (tmp_path / ".graphnn-00000000000000fe.tmp").symlink_to(tmp_path / "file")
    os.mkfifo(tmp_path / ".graphnn-00000000000000fd.tmp")
    remove_abandoned(tmp_path)
    kept = [f".graphnn-00000000000000{end}.tmp" for end in ("ff", "fe", "fd")]
    assert names(tmp_path) == sorted([*others, *kept])


def test_what_another_process_writes_is_kept_until_it_ends(tmp_path, root):
    command = [sys.executable, "-c", KILLED, tmp_path / "file", "wait"]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout.readline() == b"written\n"
        remove_abandoned(tmp_path)
        assert len(temporaries(tmp_path)) == 1
        writer.stdin.close()
    remove_abandoned(tmp_path)
    assert names(tmp_path) == []


def test_what_this_process_writes_is_kept(tmp_path):
    with replacing(tmp_path / "file") as file:
        file.write(b"new")
        remove_abandoned(tmp_path)
    assert (tmp_path / "file").read_bytes() == b"new"
    assert not any(each.is_relative_to(tmp_path) for each in module.WRITTEN)


def test_a_temporary_file_that_is_taken_for_abandoned_before_it_is_locked_is_made_again(tmp_path, monkeypatch):
    removed = []

    def late(descriptor):
        if not removed:
            removed.extend(temporaries(tmp_path))
            removed[0].unlink()
        return claim(descriptor)

    monkeypatch.setattr(module, "claim", late)
    with replacing(tmp_path / "file") as file:
        file.write(b"new")
        assert len(removed) == 1
        assert temporaries(tmp_path) != removed
    assert (tmp_path / "file").read_bytes() == b"new"
    assert names(tmp_path) == ["file"]


def test_without_locks_files_that_were_not_written_to_for_an_hour_are_removed(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "claim", lambda descriptor: False)
    with replacing(tmp_path / "file") as file:
        file.write(b"new")
    old, new = (tmp_path / f".graphnn-{number:016x}.tmp" for number in (1, 2))
    for path, age in ((old, 3700), (new, 3500)):
        path.touch()
        os.utime(path, (time.time() - age,) * 2)
    remove_abandoned(tmp_path)
    assert names(tmp_path) == sorted([new.name, "file"])


def test_removing_never_fails(tmp_path, monkeypatch):
    remove_abandoned(tmp_path / "absent")
    (tmp_path / ".graphnn-0000000000000001.tmp").touch()

    def refuse(*arguments):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)
    remove_abandoned(tmp_path)
    remove_abandoned(tmp_path / ".graphnn-0000000000000001.tmp")
    assert len(names(tmp_path)) == 1


LIMITED = """
import resource, sys
from pathlib import Path
import numpy as np
from graphnn.errors import WeightsError
from graphnn.storage.weights import save_weights
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    save_weights(sys.argv[1], {"a": np.zeros(int(sys.argv[3]), np.float32)}, {})
except WeightsError as error:
    print(error)
"""


@pytest.mark.parametrize(("limit", "size"), [(0, 10), (500, 10), (4096, 10_000)])
def test_a_file_that_becomes_too_large_is_told_and_the_old_one_kept(tmp_path, root, limit, size):
    path = tmp_path / "net.npz"
    path.write_bytes(b"old")
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, path, str(limit), str(size)],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stderr, done.stdout) == ("", f"{path}: cannot be written: File too large\n")
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["net.npz"]


def replace_by_new(path):
    with replacing(path) as file:
        file.write(b"new")


@pytest.mark.parametrize("call", ["os.fsync", "pathlib.Path.replace"])
def test_a_disk_that_is_full_in_the_end_leaves_the_old_file(tmp_path, monkeypatch, call):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(call, full)
    with pytest.raises(OSError, match="No space left"):
        replace_by_new(path)
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


def test_a_folder_that_vanishes_meanwhile_is_told(tmp_path, monkeypatch):
    folder = tmp_path / "folder"
    folder.mkdir()

    def vanish(descriptor):
        temporaries(folder)[0].unlink()
        folder.rmdir()

    monkeypatch.setattr("os.fsync", vanish)
    with pytest.raises(FileNotFoundError):
        replace_by_new(folder / "file")
    assert names(tmp_path) == []
