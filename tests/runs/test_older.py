"""Runs of older versions become runs of the store: each byte of theirs is still there."""

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.errors import WeightsError
from graphnn.runs.facts import FAILED, FINISHED, INTERRUPTED
from graphnn.runs.older import take_over, take_over_comparison
from graphnn.runs.store import RunStore
from graphnn.storage.locks import turn
from graphnn.training.checkpoint import RunSettings, State, save_checkpoint
from graphnn.training.history import Record

Weights = Callable[..., Path]
DOCUMENT = {"training": {"epochs": 3, "seed": 1}}
FIGURES = {"epochs": 3, "test": {"loss": 0.25}}


def contents(folder: Path) -> set[bytes]:
    """Return the contents of all files in a folder."""
    return {path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def old_run(folder: Path, epochs: int, document: Any = DOCUMENT) -> Path:
    """Write the folder of a run as older versions did, after some epochs."""
    folder.mkdir(parents=True)
    history = [Record(epoch + 1, {"loss": 0.5}, None, 0.1, 2.0, 100.0) for epoch in range(epochs)]
    state = State(epochs, 0, 5 * epochs, None, 0.0, {}, history, {"parameters": np.ones(3, np.float32)})
    save_checkpoint(folder / "checkpoint.npz", state, RunSettings(document, {"training data": "ab"}, None, "numpy"))
    (folder / "history.csv").write_text(f"epoch,loss\n{epochs},0.5\n")
    (folder / "resolved.json").write_text("{}")
    return folder


@pytest.fixture
def place(tmp_path: Path, weights: Weights) -> Path:
    """Weights beside a document, as a run of an older version left them."""
    return weights(tmp_path / "net.npz", 1.0, document=DOCUMENT, metrics=FIGURES)


def test_where_there_is_no_older_run_nothing_is_done(tmp_path: Path, store: RunStore, place: Path) -> None:
    for folder in (tmp_path / "net.run", tmp_path / "net.compare"):
        assert take_over(place, store) == take_over_comparison(tmp_path / "net.compare", store) == []
        folder.mkdir()
        (folder / "notes.txt").write_text("of somebody")
    assert take_over(place, store) == take_over_comparison(tmp_path / "net.compare", store) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net.compare", "net.npz", "net.run"]
    (tmp_path / "net.run" / "notes.txt").unlink()
    (tmp_path / "net.run").rmdir()
    old_run(tmp_path / "elsewhere.run", 3).rename(tmp_path / "elsewhere")
    (tmp_path / "net.run").symlink_to("elsewhere")
    assert take_over(place, store) == []  # a link is of somebody too


def test_a_finished_run_has_its_weights(tmp_path: Path, store: RunStore, place: Path) -> None:
    old = old_run(tmp_path / "net.run", 3)
    (old / "previous.npz").write_bytes(b"older weights")
    before = contents(tmp_path)
    assert take_over(place, store) == [f"{old} is run 1 now: {store.folder / '0001'}"]
    assert before <= contents(tmp_path)
    assert not old.exists()
    (run,) = store.runs()
    facts = run.facts()
    assert (facts.state, facts.epochs, facts.done, facts.seconds) == (FINISHED, 3, 3, 6.0)
    assert (facts.figures, facts.data, facts.kernels) == ({"test": {"loss": 0.25}}, {"training data": "ab"}, "numpy")
    assert run.weights.read_bytes() == place.read_bytes()
    assert (run.path / "previous.npz").read_bytes() == b"older weights"
    assert take_over(place, store) == []


@pytest.mark.parametrize("weights_of", ["none", "another document", "the same document"])
def test_an_unfinished_run_can_go_on(
    tmp_path: Path, store: RunStore, place: Path, weights: Weights, weights_of: str
) -> None:
    """The weights that stand beside the document are of an earlier run then."""
    if weights_of == "none":
        place.unlink()
    elif weights_of == "another document":
        weights(place, 1.0, document={"training": {"epochs": 9}})
    old = old_run(tmp_path / "net.run", 2)
    weights(old / "last.npz", 2.0)
    before = contents(tmp_path)
    take_over(place, store)
    assert before <= contents(tmp_path)
    (run,) = store.runs()
    assert (run.facts().state, run.facts().done) == (INTERRUPTED, 2)
    assert not run.weights.exists()
    assert store.to_resume() == run
    assert place.exists() == (weights_of != "none")


def test_weights_of_another_document_stay_where_they_are(
    tmp_path: Path, store: RunStore, place: Path, weights: Weights
) -> None:
    weights(place, 1.0, document={"training": {"epochs": 9}})
    old_run(tmp_path / "net.run", 3)
    before = contents(tmp_path)
    take_over(place, store)
    assert before <= contents(tmp_path)
    (run,) = store.runs()
    assert (run.facts().state, run.weights.exists()) == (INTERRUPTED, False)


def test_a_run_killed_within_its_first_epoch_has_not_the_weights_of_the_run_before(
    tmp_path: Path, store: RunStore, place: Path
) -> None:
    """Both are of the same document."""
    old = old_run(tmp_path / "net.run", 0)
    state = State(0, 3, 3, [1.0], 0.0, {}, [], {"parameters": np.ones(3, np.float32)})
    save_checkpoint(old / "checkpoint.npz", state, RunSettings(DOCUMENT, {"training data": "ab"}, None, "numpy"))
    take_over(place, store)
    (run,) = store.runs()
    assert (run.facts().state, run.facts().done, run.weights.exists()) == (INTERRUPTED, 0, False)
    assert place.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such locks")
def test_two_processes_take_over_once(tmp_path: Path, store: RunStore, place: Path) -> None:
    old_run(tmp_path / "net.run", 3)
    old_run(tmp_path / "net.compare" / "a-seed0.run", 3)
    lines: list[str] = []
    with turn(tmp_path, 0):
        others = [threading.Thread(target=lambda: lines.extend(both(place, store))) for _ in range(3)]
        for other in others:
            other.start()
        assert not store.folder.exists()
    for other in others:
        other.join()
    assert len(lines) == len(store.runs()) == 2
    assert [path for path in tmp_path.rglob("*") if path.suffix == ".tmp"] == []


def both(weights: Path, store: RunStore) -> list[str]:
    """Take over the run and the comparison beside weights."""
    return take_over(weights, store) + take_over_comparison(weights.with_suffix(".compare"), store)


@pytest.mark.parametrize("checkpoint", [b"", b"text", b"PK\x03\x04", None])
def test_a_damaged_checkpoint_is_kept_as_it_is(
    tmp_path: Path, store: RunStore, place: Path, checkpoint: bytes | None
) -> None:
    old = old_run(tmp_path / "net.run", 2)
    (old / "checkpoint.npz").unlink()
    if checkpoint is not None:
        (old / "checkpoint.npz").write_bytes(checkpoint)
    before = contents(tmp_path)
    take_over(place, store)
    assert before <= contents(tmp_path)
    (run,) = store.runs()
    assert (run.facts().state, run.facts().message) == (FAILED, "its checkpoint is missing or damaged")


@pytest.mark.parametrize("document", [{}, {"training": None}, {"training": {"epochs": "3"}}, {"training": {}}])
def test_a_checkpoint_of_an_odd_document_is_taken_for_a_damaged_one(
    tmp_path: Path, store: RunStore, place: Path, document: Any
) -> None:
    old_run(tmp_path / "net.run", 2, document)
    before = contents(tmp_path)
    take_over(place, store)
    assert before <= contents(tmp_path)
    (run,) = store.runs()
    assert run.facts().state == FAILED


def test_figures_that_are_no_numbers_are_none(tmp_path: Path, store: RunStore, place: Path, weights: Weights) -> None:
    """As an older version may have left them."""
    weights(place, 1.0, document=DOCUMENT, metrics={"epochs": 3, "test": {"loss": float("nan")}})
    old_run(tmp_path / "net.run", 3)
    take_over(place, store)
    (run,) = store.runs()
    assert run.facts().figures == {"test": {"loss": None}}


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such locks")
def test_a_run_in_training_is_left_alone(
    tmp_path: Path, store: RunStore, place: Path, held: Callable[[Path], Any]
) -> None:
    old = old_run(tmp_path / "net.run", 2)
    names = sorted(path.name for path in old.iterdir())
    other = held(old / "history.csv")
    with pytest.raises(WeightsError, match=r"net.run: an older version is training there; wait for its end"):
        take_over(place, store)
    assert sorted(path.name for path in old.iterdir()) == names
    assert not store.folder.exists()
    other.kill()
    other.wait()
    assert len(take_over(place, store)) == 1


@pytest.mark.parametrize("name", ["history.csv", "checkpoint.npz", "last.npz", "run.json", "weights.npz"])
def test_links_in_an_old_folder_are_not_followed(tmp_path: Path, store: RunStore, place: Path, name: str) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    old = old_run(tmp_path / "net.run", 2)
    (old / name).unlink(missing_ok=True)
    (old / name).symlink_to(victim)
    with pytest.raises(WeightsError, match=f"{name}: is a link"):
        take_over(place, store)
    assert victim.read_text() == "precious"
    assert not store.folder.exists()


def test_a_number_taken_meanwhile_is_not_shared(
    tmp_path: Path, store: RunStore, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process makes a run at each moment when it can."""
    old_run(tmp_path / "net.run", 3)
    rename, others = Path.rename, []

    def later(path: Path, target: Path) -> Path:
        others.append(store.make())
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", later)
    take_over(place, store)
    assert [run.number for run in others] == [2]
    assert list(others[0].path.iterdir()) == []
    assert [run.number for run in store.runs()] == [1]


def test_a_take_over_that_was_cut_off_is_done_again(
    tmp_path: Path, store: RunStore, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old_run(tmp_path / "net.run", 3)
    before = contents(tmp_path)

    def full(*arguments: Any, **options: Any) -> Any:
        raise OSError(28, "No space left on device")

    for cut in ("rename", "mkdir"):
        with monkeypatch.context() as patch:
            patch.setattr(Path, cut, full)
            with pytest.raises(WeightsError, match=r"net.run: cannot be written: No space left"):
                take_over(place, store)
    assert before <= contents(tmp_path)
    take_over(place, store)
    (run,) = store.runs()
    assert run.facts().state == FINISHED
    assert before <= contents(tmp_path)


def test_the_trainings_of_a_comparison_are_moved_with_their_weights(
    tmp_path: Path, store: RunStore, weights: Weights
) -> None:
    folder = tmp_path / "net.compare"
    for number, name in enumerate(("as-it-is-seed0", "as-it-is-seed1", "wide-seed0")):
        document = {"training": {"epochs": 3, "seed": number}}
        old_run(folder / f"{name}.run", 2 if "wide" in name else 3, document)
        if "wide" not in name:
            weights(folder / f"{name}.npz", number, document=document, metrics=FIGURES)
    before = contents(tmp_path)
    assert [line.split(" is ")[1].split(" now")[0] for line in take_over_comparison(folder, store)] == [
        *("run 1", "run 2", "run 3")
    ]
    assert before <= contents(tmp_path)
    assert [run.facts().state for run in store.runs()] == [FINISHED, FINISHED, INTERRUPTED]
    assert [run.weights.exists() for run in store.runs()] == [True, True, False]
    assert not folder.exists()
    assert take_over_comparison(folder, store) == []


def test_what_is_somebody_elses_in_the_folder_of_a_comparison_stays(
    tmp_path: Path, store: RunStore, weights: Weights
) -> None:
    folder = tmp_path / "net.compare"
    old_run(folder / "a-seed0.run", 3)
    weights(folder / "a-seed0.npz", 5.0, document={"training": {}})
    (folder / "notes.txt").write_text("of somebody")
    (folder / "first.run").mkdir()
    (folder / "first.run" / "notes.txt").write_text("of somebody too")
    before = contents(tmp_path)
    assert len(take_over_comparison(folder, store)) == 1
    assert before <= contents(tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == ["a-seed0.npz", "first.run", "notes.txt"]
