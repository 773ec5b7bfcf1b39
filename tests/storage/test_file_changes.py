"""Noticing saved files: as editors save them, and not before they are done."""

import os
from pathlib import Path

import pytest

from graphnn.storage.file_changes import GONE, LONGEST, POLL, QUIET, FileChanges


class Clock:
    """Looks at the files every POLL seconds of a clock that only this moves."""

    def __init__(self, *files: Path) -> None:
        self.changes, self.now = FileChanges(files), 100.0

    def until_saved(self, seconds: float) -> float | None:
        """Return after how many seconds a file counts as saved; None where none does."""
        began = self.now
        while self.now - began < seconds:
            self.now += POLL
            if self.changes.saved(self.now):
                return self.now - began
        return None


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file to be watched."""
    place = tmp_path / "net.json"
    place.write_text("{}")
    return place


@pytest.fixture
def clock(file: Path) -> Clock:
    """A clock for this file, which nothing has changed yet."""
    return Clock(file)


def test_nothing_happens_while_nothing_is_saved(clock: Clock) -> None:
    assert clock.until_saved(5) is None


def test_a_save_in_place_is_noticed_within_half_a_second(clock: Clock, file: Path) -> None:
    file.write_text('{"a": 1}')
    after = clock.until_saved(5)
    assert after is not None
    assert QUIET <= after < 0.5
    assert clock.until_saved(5) is None


def test_a_save_by_renaming_is_noticed_with_the_same_size_and_time(clock: Clock, file: Path) -> None:
    times = file.stat()
    other = file.with_suffix(".new")
    other.write_text("[]")
    os.utime(other, ns=(times.st_atime_ns, times.st_mtime_ns))
    other.replace(file)
    assert clock.until_saved(5) is not None


def test_a_file_that_is_still_written_is_waited_for(clock: Clock, file: Path) -> None:
    for part in range(10):
        file.write_text("{" * (part + 1))
        assert clock.until_saved(POLL) is None
    assert clock.until_saved(5) is not None


@pytest.mark.parametrize("way", ["emptied", "away"])
def test_a_file_that_is_gone_for_a_moment_is_waited_for(way: str, clock: Clock, file: Path) -> None:
    if way == "emptied":
        file.write_text("")
    else:
        file.rename(file.with_suffix(".bak"))
    assert clock.until_saved(GONE - 2 * POLL) is None
    file.write_text('{"a": 1}')
    after = clock.until_saved(5)
    assert after is not None
    assert after < 0.5


def test_a_file_that_stays_away_is_reported_once_and_again_when_it_is_back(clock: Clock, file: Path) -> None:
    file.unlink()
    after = clock.until_saved(5)
    assert after is not None
    assert after >= GONE
    assert clock.until_saved(5) is None
    file.write_text("{}")
    assert clock.until_saved(5) is not None


def test_a_file_that_comes_back_as_it_was_has_not_been_saved(clock: Clock, file: Path) -> None:
    file.rename(file.with_suffix(".bak"))
    assert clock.until_saved(GONE / 2) is None
    file.with_suffix(".bak").rename(file)
    assert clock.until_saved(5) is None


def test_a_file_that_never_rests_is_reported_all_the_same(clock: Clock, file: Path) -> None:
    began, saved = clock.now, False
    while not saved:
        file.write_text("x" * round((clock.now - began) / POLL))
        clock.now += POLL
        saved = clock.changes.saved(clock.now)
        assert clock.now - began < LONGEST + 1
    assert clock.now - began >= LONGEST


def test_what_changed_while_it_was_read_is_reported_again(clock: Clock, file: Path) -> None:
    file.write_text('{"a": 1}')
    assert clock.until_saved(5) is not None
    assert not clock.changes.torn()
    away = file.with_suffix(".bak")
    file.rename(away)
    assert clock.changes.torn()
    away.rename(file)
    assert clock.until_saved(5) is not None  # as it was, but what was read had not been whole
    assert clock.until_saved(5) is None


def test_each_of_several_files_counts(tmp_path: Path, file: Path) -> None:
    clock = Clock(file, tmp_path / "none.npz", Path("a\0b"))
    (tmp_path / "none.npz").write_bytes(b"PK")
    assert clock.until_saved(5) is not None
    file.write_text("[1]")
    assert clock.until_saved(5) is not None
