"""The folder of a run while it is trained: what is written first, at each epoch, and at the end."""

import json
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.errors import WeightsError
from graphnn.runs.facts import FINISHED, INTERRUPTED, TRAINING, RunFacts
from graphnn.runs.folder import RunFolder
from graphnn.runs.log import RunLog
from graphnn.runs.open_run import OpenRun, epoch_of
from graphnn.runs.store import RunStore
from graphnn.storage.weights import load_weights
from graphnn.training.history import Record

ARRAYS = {"a/weights": np.arange(3, dtype=np.float32)}
RECORD = Record(1, {"loss": 0.5}, {"loss": 0.75}, 0.1, 2.0, 100.0)
HEADER = "epoch,loss,validation_loss,learning_rate,seconds,images_per_second"
Open = Callable[..., AbstractContextManager[OpenRun]]


@pytest.fixture
def folder(store: RunStore) -> RunFolder:
    """The empty folder of a run."""
    return store.make()


@pytest.fixture
def opened(folder: RunFolder, facts: RunFacts) -> Open:
    """Open the folder for training."""

    def open_run(log: RunLog | None = None, records: tuple[Record, ...] = ()) -> AbstractContextManager[OpenRun]:
        begun = replace(facts, state=TRAINING)
        return OpenRun.opened(
            folder, begun, {"name": "nét"}, ("loss",), log or RunLog(), validated=("loss",), records=records
        )

    return open_run


def test_the_files_that_are_written_first(folder: RunFolder, opened: Open) -> None:
    log = RunLog()
    log.add("before")
    with opened(log):
        assert folder.document.read_text(encoding="utf-8") == '{\n  "name": "nét"\n}\n'
        assert folder.history.read_text() == f"{HEADER}\n"
        assert folder.facts().state == TRAINING
        assert folder.log.read_text().endswith("  before\n")
        assert sorted(path.name for path in folder.path.iterdir()) == [
            *("history.csv", "lock", "log.txt", "resolved.json", "run.json")
        ]
    assert folder.facts().state == TRAINING  # nobody has said how it ended
    assert not folder.running()


def test_a_resumed_run_keeps_its_epochs(folder: RunFolder, opened: Open) -> None:
    with opened() as run:
        run.append(RECORD)
    with opened(records=(RECORD,)) as run:
        run.append(replace(RECORD, epoch=2))
    assert [row.split(",")[0] for row in folder.history.read_text().splitlines()] == ["epoch", "1", "2"]


def test_how_a_run_ended(folder: RunFolder, opened: Open) -> None:
    with opened() as run:
        run.end(INTERRUPTED, done=2, message="why")
        assert run.facts == folder.facts()
    facts = folder.facts()
    assert (facts.state, facts.done, facts.message) == (INTERRUPTED, 2, "why")
    assert facts.ended is not None
    assert facts.ended >= "2026"


def test_a_finished_run_keeps_one_file_of_weights(folder: RunFolder, opened: Open) -> None:
    with opened() as run:
        run.save_last(ARRAYS, {})
        run.save_best(ARRAYS, {})
        run.save_last(ARRAYS, {})
        folder.weights.write_bytes(folder.last.read_bytes())
        run.finish(figures={"test": {"loss": 0.5}})
    assert folder.facts().state == FINISHED
    assert folder.facts().figures == {"test": {"loss": 0.5}}
    assert not folder.last.exists()
    assert not folder.best.exists()
    assert load_weights(folder.weights).arrays["a/weights"].tolist() == [0, 1, 2]


def test_only_weights_that_are_there_are_named(folder: RunFolder, opened: Open) -> None:
    with opened() as run:
        assert run.weights_so_far(0) == [
            f"No weights of run {folder.number} were written, because no epoch was finished."
        ]
        run.save_last(ARRAYS, {"metrics": {"epochs": 4}})
        assert run.weights_so_far(4) == [f"{folder.last} holds the weights after epoch 4."]
        run.save_best(ARRAYS, {"metrics": {"epochs": 3}})
        assert run.weights_so_far(4) == [
            f"{folder.last} holds the weights after epoch 4.",
            f"{folder.best} holds the weights of the best epoch so far, epoch 3.",
        ]
        folder.last.unlink()
        assert run.weights_so_far(4) == [f"{folder.best} holds the weights of the best epoch so far, epoch 3."]


def test_the_epoch_of_weights(tmp_path: Path, weights: Callable[..., Path]) -> None:
    assert epoch_of(tmp_path / "none.npz") is None
    assert epoch_of(weights(tmp_path / "w.npz", 1.0, metrics={"epochs": 1.5})) == 1.5
    for metrics in (None, 5, {}):
        assert epoch_of(weights(tmp_path / "w.npz", 1.0, metrics=metrics)) is None


def test_what_cannot_be_written_is_named(folder: RunFolder, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.history.mkdir()
    with pytest.raises(WeightsError, match=r"history.csv: is no regular file"), opened():
        pass
    folder.history.rmdir()

    def full(*arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    with opened() as run:
        monkeypatch.setattr("os.fsync", full)
        with pytest.raises(WeightsError, match=r"run.json: cannot be written: No space left on device"):
            run.end(FINISHED)
        with pytest.raises(WeightsError, match=r"last.npz: cannot be written: No space left on device"):
            run.save_last(ARRAYS, {})
    monkeypatch.undo()
    assert folder.facts().state == TRAINING
    assert not list(folder.path.glob(".graphnn*"))


def test_a_link_stops_a_run_before_it_writes(folder: RunFolder, opened: Open, tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("precious")
    folder.log.symlink_to(tmp_path / "victim")
    with pytest.raises(WeightsError, match=r"log.txt: is a link"), opened():
        pass
    assert [path.name for path in folder.path.iterdir()] == ["log.txt"]
    assert (tmp_path / "victim").read_text() == "precious"


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such locks")
def test_nothing_of_another_process_is_replaced(
    folder: RunFolder, opened: Open, held: Callable[[Path], Any], facts: RunFacts
) -> None:
    facts.save(folder.facts_file)
    folder.history.write_text("what the other one wrote\n")
    held(folder.lock_file)
    with pytest.raises(WeightsError, match="0001: another training is writing there"), opened():
        pass
    assert folder.history.read_text() == "what the other one wrote\n"
    assert json.loads(folder.facts_file.read_text())["state"] == FINISHED
    assert not folder.document.exists()
