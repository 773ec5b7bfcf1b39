"""Runs that have lost a file, or cannot be read, are listed, used as far as they go, and stand in no other's way."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from graphnn.errors import WeightsError
from graphnn.runs.facts import FINISHED, TRAINING, RunFacts
from graphnn.runs.folder import RunFolder
from graphnn.runs.promotion import Destination
from graphnn.runs.standing import standing
from graphnn.runs.store import RunStore
from graphnn.runs.training import is_over

Add = Callable[..., RunFolder]
Weights = Callable[..., Path]
Run = Callable[..., Any]


def test_a_run_without_facts_is_listed_promoted_and_removed(graphnn: Run, trained: Path, tmp_path: Path) -> None:
    weights, run = tmp_path / "net.npz", tmp_path / "net.runs" / "0001"
    before = weights.read_bytes()
    (run / "run.json").unlink()
    assert "run.json: cannot be read: No such file" in " ".join(graphnn("runs", trained).stdout.split())
    done = graphnn("train", trained, "--resume", "--quiet")
    assert (done.returncode, "run.json: cannot be read: No such file" in done.stderr) == (2, True)
    weights.unlink()
    assert graphnn("runs", trained, "--promote", "1").returncode == 0
    assert weights.read_bytes() == before
    assert "Run 1 removed" in graphnn("runs", trained, "--remove", "1").stdout
    assert [path.name for path in run.parent.iterdir()] == ["0001.removed"]


def test_a_folder_that_was_only_made_is_no_run(store: RunStore) -> None:
    run = store.make()
    run.lock_file.touch()
    assert store.runs() == []
    run.log.touch()
    assert store.runs() == [run]


def test_weights_that_were_deleted_are_said(graphnn: Run, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "net.runs" / "0001" / "weights.npz").unlink()
    done = graphnn("runs", trained, "--promote", "1")
    assert done.returncode == 2
    assert done.stderr.endswith("0001: has no weights: none of weights.npz, best.npz, last.npz is there\n")


def test_facts_of_a_newer_version_are_not_called_damaged(tmp_path: Path, facts: RunFacts) -> None:
    facts.save(tmp_path / "run.json")
    text = (tmp_path / "run.json").read_text()
    (tmp_path / "run.json").write_text(text.replace('"run_version": 1', '"run_version": 2'))
    with pytest.raises(WeightsError, match=r"run.json: its run_version is 2, but .* 1 only; a newer graphnn reads it"):
        RunFacts.load(tmp_path / "run.json")
    (tmp_path / "run.json").unlink()
    os.mkfifo(tmp_path / "run.json")
    with pytest.raises(WeightsError, match=r"run.json: is a fifo, not a regular file"):
        RunFacts.load(tmp_path / "run.json")


def test_another_users_run_stands_in_nobodys_way(
    store: RunStore, add: Add, facts: RunFacts, weights: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs, ours = add(facts, 1.0), add(facts, 2.0)
    place = weights(tmp_path / "net.npz", 2.0)

    def forbidden(call: Any) -> Any:
        def asked(path: Any, *arguments: Any, **options: Any) -> Any:
            if theirs.path in (Path(path), *Path(path).parents):
                raise PermissionError(13, "Permission denied", str(path))
            return call(path, *arguments, **options)

        return asked

    for name in ("is_file", "iterdir", "exists", "stat"):
        monkeypatch.setattr(Path, name, forbidden(getattr(Path, name)))
    monkeypatch.setattr("os.scandir", forbidden(os.scandir))
    monkeypatch.setattr("os.open", forbidden(os.open))
    assert [run.number for run in store.runs()] == [1, 2]
    assert [run for run, _ in store.readable()] == [ours]
    found = standing(place, store)
    assert found is not None
    assert found.run == ours
    assert Destination(place).receive(ours, facts, {}, store) is None
    assert theirs.size == 0
    assert not theirs.running()
    assert theirs.best_weights() is None
    store.tidy()


def test_nothing_is_left_of_weights_that_could_not_be_kept(
    store: RunStore, add: Add, facts: RunFacts, weights: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = weights(tmp_path / "net.npz", 1.0)
    before = place.read_bytes()
    run = add(facts, 2.0)

    def full(*arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    for broken in ("graphnn.runs.promotion.shutil.copyfileobj", "graphnn.runs.promotion.RunFacts.save"):
        with monkeypatch.context() as patch:
            patch.setattr(broken, full)
            with pytest.raises(WeightsError, match="No space left"):
                Destination(place).receive(run, facts, {}, store)
        assert place.read_bytes() == before
        assert [path.name for path in store.folder.iterdir()] == ["0001"]


def test_a_run_killed_after_its_weights_were_written_keeps_them_when_it_gets_more_epochs(
    add: Add, facts: RunFacts
) -> None:
    killed = add(replace(facts, state=TRAINING), 1.0)
    assert is_over(killed, facts.epochs + 1)
    assert not is_over(killed, facts.epochs)
    killed.weights.unlink()
    assert not is_over(killed, facts.epochs + 1)
    assert is_over(add(replace(facts, state=FINISHED)), facts.epochs)


def test_a_document_from_a_pipe_is_read_once(graphnn: Run, document: Path, tmp_path: Path, python: Run) -> None:
    """Reading a fifo again would wait for another writer."""
    import threading

    fifo, text = tmp_path / "fifo", document.read_text()
    os.mkfifo(fifo)
    writer = threading.Thread(target=fifo.write_text, args=(text,))
    writer.start()
    output = ("--output", tmp_path / "piped.npz")
    done = python("-m", "graphnn", "train", fifo, "--set", "training.epochs=1", "--quiet", *output)
    writer.join()
    assert done.returncode == 0, done.stderr
    run = RunFolder(tmp_path / "piped.runs" / "0001")
    assert run.facts().changes == ["--set training.epochs=1"]
    assert RunFolder(tmp_path / "piped.runs" / "0001").facts().whole is False


def test_facts_that_cannot_be_written_at_the_end_do_not_hide_the_weights(
    graphnn: Run, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = RunFacts.save

    def full(facts: RunFacts, file: Path) -> None:
        if facts.state == FINISHED:
            raise OSError(28, "No space left on device")
        save(facts, file)

    monkeypatch.setattr(RunFacts, "save", full)
    done = graphnn("train", document, "--quiet")
    run = RunFolder(document.parent / "net.runs" / "0001")
    assert done.returncode == 2
    assert done.stderr == (
        f"{run.facts_file}: cannot be written: No space left on device\n"
        f"{run.weights} holds the weights of the finished run.\n"
    )
    monkeypatch.undo()
    assert graphnn("train", document, "--quiet", "--resume").returncode == 0
    assert run.facts().state == FINISHED
