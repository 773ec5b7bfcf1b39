"""Commands at the same time: none takes what another has just made, and asking who trains disturbs no training."""

import filecmp
import shutil
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from graphnn.errors import WeightsError
from graphnn.runs import promotion
from graphnn.runs.facts import INTERRUPTED, TRAINING, RunFacts
from graphnn.runs.folder import RunFolder
from graphnn.runs.log import RunLog
from graphnn.runs.open_run import OpenRun
from graphnn.runs.promotion import Destination
from graphnn.runs.standing import standing
from graphnn.runs.store import RunStore
from graphnn.storage.locks import InUse

Add = Callable[..., RunFolder]
Weights = Callable[..., Path]


def test_a_run_that_another_process_has_trained_meanwhile_is_not_gone_on_with(add: Add, facts: RunFacts) -> None:
    """Its checkpoint was read before the folder was claimed, as data are loaded in between."""
    run = add(replace(facts, state=INTERRUPTED), 1.0)
    mark = run.mark()
    run.checkpoint.with_name("next").write_bytes(b"")
    run.checkpoint.with_name("next").replace(run.checkpoint)
    before = {path: path.read_bytes() for path in run.path.iterdir()}
    begun = replace(facts, state=TRAINING)

    def opened(mark: Any) -> Any:
        return OpenRun.opened(run, begun, {}, ("loss",), RunLog(), validated=(), records=(), mark=mark)

    with (
        pytest.raises(WeightsError, match="0001: another process has trained this run since it was read"),
        opened(mark),
    ):
        pass
    run.lock_file.unlink()
    assert {path: path.read_bytes() for path in run.path.iterdir()} == before
    with opened(run.mark()):
        assert run.facts().state == TRAINING


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such locks")
def test_runs_that_end_at_once_have_their_turns(
    store: RunStore, add: Add, facts: RunFacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A try that has looked what stands there, and a whole run that ends before the try puts its weights there."""
    place = tmp_path / "net.npz"
    attempt, whole = add(replace(facts, limit=5), 1.0), add(replace(facts, state=TRAINING), 2.0)
    looked, done = threading.Event(), threading.Event()
    copy = promotion.copy

    def slow(source: Path, target: Path) -> None:
        looked.set()
        assert not done.wait(0.2)  # the whole run waits
        copy(source, target)

    def end(run: RunFolder) -> None:
        Destination(place).receive(run, run.facts(), {}, store)

    def end_whole() -> None:
        assert looked.wait(60)
        monkeypatch.setattr(promotion, "copy", copy)
        end(whole)
        done.set()

    monkeypatch.setattr(promotion, "copy", slow)
    other = threading.Thread(target=end_whole)
    other.start()
    end(attempt)
    other.join()
    assert place.read_bytes() == whole.weights.read_bytes()


def test_weights_that_are_put_there_for_too_long_are_said(
    store: RunStore, add: Add, facts: RunFacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = add(facts, 1.0)

    def in_use(*arguments: Any) -> None:
        raise InUse

    monkeypatch.setattr("graphnn.runs.store.turn", in_use)
    with pytest.raises(WeightsError, match=r"another process is putting weights beside the document, or .*; wait"):
        Destination(tmp_path / "net.npz").receive(run, facts, {}, store)


def test_runs_that_are_removed_meanwhile_are_passed_over(
    store: RunStore, add: Add, facts: RunFacts, weights: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [add(facts, 1.0), add(facts, 2.0)]
    place = weights(tmp_path / "net.npz", 1.0)
    cmp = filecmp.cmp

    def and_removed(file: Path, *arguments: Any, **options: Any) -> bool:
        if file == runs[1].weights:
            shutil.rmtree(runs[1].path)
        return cmp(file, *arguments, **options)

    monkeypatch.setattr(filecmp, "cmp", and_removed)
    found = standing(place, store)
    assert found is not None
    assert found.run == runs[0]
    assert runs[1].size == 0
    assert not runs[1].began()


def test_asking_who_trains_makes_no_lock(add: Add, facts: RunFacts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither where the run is being removed."""
    run = add(facts)
    monkeypatch.setattr("graphnn.runs.folder.is_file", lambda path: True)
    assert not run.running()
    assert not run.lock_file.exists()
