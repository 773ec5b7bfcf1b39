"""Removing runs: all or none, whatever goes wrong, and no number is given twice."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graphnn.errors import WeightsError
from graphnn.runs.facts import RunFacts
from graphnn.runs.folder import RunFolder
from graphnn.runs.store import RunStore
from graphnn.storage.locks import turn

Add = Callable[..., RunFolder]


def names(store: RunStore) -> list[str]:
    """Return the names of all files in the folder of runs, and in the runs."""
    return sorted(path.relative_to(store.folder).as_posix() for path in store.folder.rglob("*"))


def test_where_one_cannot_be_removed_none_is(
    store: RunStore, add: Add, facts: RunFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [add(facts, float(value)) for value in range(4)]
    before, rename = names(store), Path.rename

    def forbidden(path: Path, target: Path) -> Path:
        if path == runs[2].path:
            raise PermissionError(13, "Permission denied", str(path))
        return rename(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", forbidden)
        with pytest.raises(WeightsError, match=r"0003: cannot be removed: Permission denied. Nothing was removed.$"):
            store.remove(*runs[:3])
    assert names(store) == before
    with monkeypatch.context() as patch:  # the administrator may all
        patch.setattr(os, "access", lambda path, mode: path != runs[1].path)
        with pytest.raises(WeightsError, match=r"0002: cannot be removed: is not writable. Nothing was removed.$"):
            store.remove(*runs[:3])
    assert names(store) == before
    with monkeypatch.context() as patch:
        patch.setattr(Path, "touch", lambda *_, **__: forbidden(runs[2].path, store.folder))
        with pytest.raises(WeightsError, match=r"0004: cannot be removed: Permission denied. Nothing was removed.$"):
            store.remove(*runs)
    assert names(store) == before


def test_a_training_that_begins_meanwhile_keeps_its_run(
    store: RunStore, add: Add, facts: RunFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [add(facts), add(facts), add(facts)]
    before = names(store)
    asked = iter([False, True])
    monkeypatch.setattr(RunFolder, "running", lambda run: next(asked))
    with pytest.raises(WeightsError, match=r"0002: is being trained by another process; .* Nothing was removed.$"):
        store.remove(*runs[:2])
    assert names(store) == before


def test_no_number_is_given_again(store: RunStore, add: Add, facts: RunFacts) -> None:
    first, second, third = (add(facts) for _ in range(3))
    store.remove(second)
    assert not list(store.folder.glob("*.removed"))  # there is a higher number
    store.remove(third)
    assert [path.name for path in store.folder.glob("*.removed")] == ["0003.removed"]
    fourth = add(facts)
    assert fourth.number == 4
    store.remove(first, fourth)
    assert names(store) == ["0004.removed"]
    assert store.make().number == 5


def test_what_a_killed_removal_left_is_tidied_unless_it_goes_on(
    store: RunStore, add: Add, facts: RunFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [add(facts, 1.0), add(facts), add(facts)]

    def killed(path: Path) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            store.remove(*runs[:2])
    assert store.runs() == runs[2:]
    assert len(list(store.folder.glob(".graphnn-*.removed"))) == 2
    with turn(store.folder, 0):
        store.tidy()
        assert len(list(store.folder.glob(".graphnn-*.removed"))) == 2
    store.tidy()
    assert [path.name for path in store.folder.iterdir()] == ["0003"]


def test_files_that_stay_are_told_of(
    store: RunStore, add: Add, facts: RunFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = add(facts)

    def forbidden(path: Path) -> Any:
        raise PermissionError(13, "Permission denied", f"{path}/folder")

    monkeypatch.setattr(shutil, "rmtree", forbidden)
    with pytest.raises(WeightsError, match=r"0001: is removed, but some of its files are left: .*/folder: Permission"):
        store.remove(run)
    assert store.runs() == []
