"""The store of a document's runs: their numbers, which one is resumed, and what is in the way."""

import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from graphnn.errors import WeightsError
from graphnn.runs.facts import DIVERGED, FAILED, FINISHED, FOUND, INTERRUPTED, TRAINING, RunFacts
from graphnn.runs.folder import RunFolder
from graphnn.runs.store import RunStore, numbers_text, store_of

Add = Callable[..., RunFolder]


def test_the_store_is_beside_the_weights(tmp_path: Path) -> None:
    assert store_of(tmp_path / "net.npz").folder == tmp_path / "net.runs"
    assert store_of(tmp_path / "net.v2.npz").folder == tmp_path / "net.v2.runs"
    for name in ("", ".", "..", "/"):  # which a check of the weights' name refuses later
        store_of(Path(name))


def test_a_store_that_is_not_there_has_no_runs(store: RunStore) -> None:
    assert store.runs() == []
    assert list(store.readable()) == []
    store.folder.write_text("")
    assert store.runs() == []


def test_runs_are_counted_past_whatever_has_a_number(store: RunStore) -> None:
    assert store.make().path == store.folder / "0001"
    (store.folder / "0007").write_text("")  # a file, and no run
    assert store.make().number == 8
    (store.folder / "9999").mkdir()
    assert store.make().path == store.folder / "10000"
    assert store.make().number == 10001
    for other in ("3", "00x1", "0002.old", "٩٩٩٩٩"):
        (store.folder / other).mkdir()
    assert store.make().number == 10002


def test_a_number_that_another_process_took_is_not_taken_again(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    mkdir = Path.mkdir
    taken: list[Path] = []

    def slower(path: Path, *arguments: Any, **options: Any) -> None:
        if path.parent == store.folder and not taken:
            mkdir(path)
            taken.append(path)
        mkdir(path, *arguments, **options)

    monkeypatch.setattr(Path, "mkdir", slower)
    assert store.make().number == 2


def test_the_runs_are_the_numbered_folders_with_facts(
    store: RunStore, add: Add, facts: RunFacts, tmp_path: Path
) -> None:
    runs = [add(facts) for _ in range(3)]
    store.make()  # without facts, as after a loss of power
    (store.folder / "0005").write_text("")
    (store.folder / "0006").symlink_to(runs[0].path)
    (store.folder / "12345").mkdir()
    facts.save(store.folder / "12345" / "run.json")
    assert [run.number for run in store.runs()] == [1, 2, 3, 12345]
    runs[1].facts_file.write_text("{")
    assert [run.number for run, _ in store.readable()] == [1, 3, 12345]
    assert [run.number for run in store.runs()] == [1, 2, 3, 12345]


def test_a_number_that_is_none_is_answered_by_those_that_are(store: RunStore, add: Add, facts: RunFacts) -> None:
    with pytest.raises(WeightsError, match=re.escape(f"{store.folder}: there is no run 2") + "$"):
        store.numbered(2)
    run = add(facts)
    assert store.numbered(1) == run
    with pytest.raises(WeightsError, match=r"there is no run 2, only run 1$"):
        store.to_resume(2)
    assert numbers_text([1, 2, 3, 4, 7, 9, 10]) == "runs 1…4, 7, 9…10"


RESUMED: tuple[tuple[list[str], int | None], ...] = (
    ([], None),
    ([FINISHED], 1),
    ([FINISHED, FINISHED], 2),
    ([INTERRUPTED, FINISHED], 1),
    ([INTERRUPTED, FAILED, FINISHED, FINISHED], 2),
    ([TRAINING, DIVERGED], 1),  # it was killed
    ([FINISHED, DIVERGED, FOUND], 1),
    ([DIVERGED], None),
    ([FOUND], None),
)


@pytest.mark.parametrize(("states", "number"), RESUMED)
def test_the_latest_unfinished_run_is_resumed(
    store: RunStore, add: Add, facts: RunFacts, states: list[str], number: int | None
) -> None:
    for state in states:
        add(replace(facts, state=state))
    if number is not None:
        assert store.to_resume().number == number
    else:
        why = f" (run 1: {states[0]})" if states else ""
        message = f"{store.folder}: there is no run to resume{why}; start without --resume"
        with pytest.raises(WeightsError, match=re.escape(message) + "$"):
            store.to_resume()


def test_why_no_run_is_resumed(store: RunStore, add: Add, facts: RunFacts) -> None:
    run = add(replace(facts, state=INTERRUPTED), checkpoint=False)
    with pytest.raises(WeightsError, match=r"resume \(run 1: interrupted, without checkpoint.npz\); start without"):
        store.to_resume()
    with pytest.raises(WeightsError, match=r"0001: has no checkpoint.npz, and so nothing to go on from"):
        store.to_resume(1)
    run.facts_file.write_text("{")
    with pytest.raises(WeightsError, match=r"no run to resume: .*run.json: cannot be read: damaged: .*; start without"):
        store.to_resume()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such locks")
def test_a_run_in_training_is_neither_resumed_nor_removed(
    store: RunStore, add: Add, facts: RunFacts, held: Callable[[Path], Any]
) -> None:
    add(facts)
    run = add(replace(facts, state=TRAINING))
    other = held(run.lock_file)
    with pytest.raises(WeightsError, match="0002: is being trained by another process; wait for its end, or name"):
        store.to_resume()  # and not the finished one, which would be trained again
    with pytest.raises(WeightsError, match="0002: is being trained by another process"):
        store.to_resume(2)
    with pytest.raises(WeightsError, match="0002: is being trained by another process; stop it first"):
        store.remove(run)
    assert store.to_resume(1).number == 1
    interrupted = add(replace(facts, state=INTERRUPTED))
    assert store.to_resume() == interrupted
    other.kill()
    other.wait()
    store.remove(interrupted)
    assert store.to_resume() == run


def test_a_run_is_removed_with_its_files_and_nothing_else(
    store: RunStore, add: Add, facts: RunFacts, tmp_path: Path
) -> None:
    (tmp_path / "precious").write_text("precious")
    runs = [add(facts, 1.0), add(facts)]
    (runs[0].path / "link").symlink_to(tmp_path / "precious")
    store.remove(runs[0])
    assert store.runs() == runs[1:]
    assert (tmp_path / "precious").exists()
    with pytest.raises(WeightsError, match="0001: cannot be removed: No such file"):
        store.remove(runs[0])
    assert store.make().number == 3


def test_checking_leaves_nothing_behind(store: RunStore, tmp_path: Path) -> None:
    store.check()
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_cannot_be_made_is_refused(
    store: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.folder.write_text("")
    with pytest.raises(WeightsError, match=r"net.runs: is in the way: a folder of this name"):
        store.check()
    store.folder.unlink()
    for target in (tmp_path / "elsewhere", tmp_path / "nowhere"):
        (tmp_path / "elsewhere").mkdir(exist_ok=True)
        store.folder.symlink_to(target)
        with pytest.raises(WeightsError, match=r"net.runs: is a link"):
            store.check()
        store.folder.unlink()
    with pytest.raises(WeightsError, match=r"there is no folder .*none; make it first"):
        RunStore(tmp_path / "none" / "net.runs").check()

    def forbidden(*, dir: Path) -> Any:
        raise PermissionError(13, f"Permission denied in {dir.name}")

    monkeypatch.setattr("tempfile.TemporaryFile", forbidden)
    with pytest.raises(WeightsError, match=f"nothing can be written there: Permission denied in {tmp_path.name}"):
        store.check()
    store.folder.mkdir()
    with pytest.raises(WeightsError, match=r"nothing can be written there: Permission denied in net.runs"):
        store.check()
