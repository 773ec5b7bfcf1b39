"""The folder of a run: its files are never links, and one process at a time trains into it."""

import errno
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from graphnn.errors import WeightsError
from graphnn.runs.facts import DIVERGED, FAILED, FINISHED, FOUND, INTERRUPTED, TRAINING, RunFacts
from graphnn.runs.folder import RunFolder
from graphnn.storage.plain_files import open_plain

FILES = ("weights", "checkpoint", "history", "document", "log", "last", "best", "facts_file", "lock_file")
no_locks = pytest.mark.skipif(sys.platform == "win32", reason="there are no such locks")


@pytest.fixture
def run(add: Callable[..., RunFolder], facts: RunFacts) -> RunFolder:
    """A finished run."""
    return add(facts)


def test_each_file_has_a_place_of_its_own(run: RunFolder) -> None:
    paths = [getattr(run, name) for name in FILES]
    assert len(set(paths)) == len(FILES)
    assert {path.parent for path in paths} == {run.path}
    assert run.number == 1


def test_the_weights_to_use(run: RunFolder) -> None:
    assert run.best_weights() is None
    for file in (run.last, run.best, run.weights):
        file.write_text("")
        assert run.best_weights() == file


def test_the_size_is_that_of_all_files(run: RunFolder, tmp_path: Path) -> None:
    before = run.size
    assert before == run.facts_file.stat().st_size
    run.history.write_bytes(b"12345")
    (tmp_path / "large").write_bytes(bytes(100_000))
    (run.path / "link").symlink_to(tmp_path / "large")
    assert before + 5 < run.size < before + 5_000


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("target", ["there", "nowhere"])
def test_links_in_a_folder_are_refused(run: RunFolder, tmp_path: Path, name: str, target: str) -> None:
    run.check()
    (tmp_path / "there").write_text("precious")
    file = getattr(run, name)
    file.unlink(missing_ok=True)
    file.symlink_to(tmp_path / target)
    with pytest.raises(WeightsError, match=f"{file.name}: is a link, which no run makes"):
        run.check()
    with pytest.raises(OSError, match=os.strerror(errno.ELOOP)):
        open_plain(file)
    assert (tmp_path / "there").read_text() == "precious"
    assert not (tmp_path / "nowhere").exists()


def test_a_folder_that_is_a_link_is_refused(run: RunFolder, tmp_path: Path) -> None:
    run.path.rename(tmp_path / "elsewhere")
    run.path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(WeightsError, match="0001: is a link"):
        run.check()


def test_what_is_no_file_or_not_writable_is_refused(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    run.history.mkdir()
    with pytest.raises(WeightsError, match=r"history.csv: is no regular file"):
        run.check()
    run.history.rmdir()
    os.mkfifo(run.history)
    with pytest.raises(WeightsError, match=r"history.csv: is no regular file"):
        run.check()
    run.history.unlink()
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != run.checkpoint)  # the administrator may all
    with pytest.raises(WeightsError, match=r"checkpoint.npz: is not writable"):
        run.check()


@no_locks
def test_two_trainings_do_not_share_a_folder(run: RunFolder, held: Callable[[Path], Any], facts: RunFacts) -> None:
    unfinished = replace(facts, state=TRAINING)
    assert not run.running()
    assert run.state(unfinished) == "killed"
    assert run.resumable(unfinished)
    other = held(run.lock_file)
    assert run.running()
    assert run.state(unfinished) == "training"
    assert not run.resumable(unfinished)
    with pytest.raises(WeightsError, match=r"0001: another training is writing there"), run.claimed():
        pass
    other.kill()
    other.wait()
    assert not run.running()
    with run.claimed():
        pass


@no_locks
def test_a_file_system_without_locks_is_no_obstacle(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(*arguments: Any) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.lockf", unsupported)
    with run.claimed():
        assert run.lock_file.exists()


def test_without_locks_a_run_is_not_claimed(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with run.claimed():
        assert not run.running()


@pytest.mark.parametrize("state", [FINISHED, DIVERGED, FOUND])
def test_a_run_that_has_ended_does_not_go_on(run: RunFolder, facts: RunFacts, state: str) -> None:
    assert not run.resumable(replace(facts, state=state))
    assert run.state(replace(facts, state=state)) == state


@pytest.mark.parametrize("state", [TRAINING, INTERRUPTED, FAILED])
def test_a_run_goes_on_where_it_has_a_checkpoint(run: RunFolder, facts: RunFacts, state: str) -> None:
    assert run.resumable(replace(facts, state=state))
    run.checkpoint.unlink()
    assert not run.resumable(replace(facts, state=state))
