"""Event files for TensorBoard: each epoch once, in the folder of its run, beside those of other runs."""

import errno
import struct
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from graphnn.errors import GraphError
from graphnn.runs.facts import RunFacts
from graphnn.runs.folder import RunFolder
from graphnn.runs.tensorboard import EventFiles
from graphnn.training.history import Record

event_pb2 = pytest.importorskip("tensorboardX.proto.event_pb2")


def records(count: int, *, validated: bool = True) -> list[Record]:
    """Return epochs of which each has a loss of its number."""
    validation = {"loss": 0.5} if validated else None
    return [Record(epoch, {"loss": float(epoch)}, validation, 0.25, 2.0, 10.0) for epoch in range(1, count + 1)]


def read(folder: Path) -> list[tuple[int, str, float]]:
    """Return the epoch, name and value of all figures in a folder, by files in their order."""
    found = []
    for file in sorted(folder.iterdir()):
        data, at = file.read_bytes(), 0
        while at < len(data):
            (length,) = struct.unpack("<Q", data[at : at + 8])
            event = event_pb2.Event.FromString(data[at + 12 : at + 12 + length])
            found += [(event.step, value.tag, value.simple_value) for value in event.summary.value]
            at += length + 16
    return found


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path / "net.runs" / "0007")


def write(folder: Path, run: RunFolder, facts: RunFacts, *counts: int, validated: bool = True) -> None:
    """Write what a training does that has so many epochs at each update, and then ends."""
    files, history = EventFiles(folder), records(max(counts), validated=validated)
    for count in counts:
        files.update(run, facts, history[:count], last=False)
    said = files.update(run, facts, history, last=True)
    assert said is not None
    assert said.endswith("has its figures for TensorBoard.")


def test_each_epoch_is_written_once_with_all_its_figures(tmp_path: Path, run: RunFolder, facts: RunFacts) -> None:
    write(tmp_path / "logs", run, facts, 0, 1, 2)
    place = tmp_path / "logs" / "net" / "0007"
    assert read(place / "training") == [
        (epoch, name, value) for epoch in (1, 2) for name, value in (("loss", epoch), ("learning_rate", 0.25))
    ]
    assert read(place / "validation") == [(1, "loss", 0.5), (2, "loss", 0.5)]


def test_without_validation_there_is_no_folder_for_it(tmp_path: Path, run: RunFolder, facts: RunFacts) -> None:
    write(tmp_path, run, facts, 1, validated=False)
    assert [each.name for each in (tmp_path / "net" / "0007").iterdir()] == ["training"]


def test_a_resumed_run_has_no_epoch_twice_and_lacks_none(tmp_path: Path, run: RunFolder, facts: RunFacts) -> None:
    write(tmp_path, run, facts, 3)  # and its checkpoint is of epoch 2
    write(tmp_path, run, replace(facts, epochs=9), 2, 5)
    for part in ("training", "validation"):
        found = read(tmp_path / "net" / "0007" / part)
        assert [epoch for epoch, name, _ in found if name == "loss"] == [1, 2, 3, 4, 5]


def test_files_of_another_run_stay(tmp_path: Path, run: RunFolder, facts: RunFacts) -> None:
    write(tmp_path, run, facts, 1)
    other = replace(facts, started="2026-11-28T10:00:00+0000")
    for _ in range(2):
        write(tmp_path, RunFolder(tmp_path / "other" / "net.runs" / "0007"), other, 2)
    assert len(read(tmp_path / "net" / "0007" / "validation")) == 1
    assert len(read(tmp_path / "net" / "0007-2" / "validation")) == 2
    assert not (tmp_path / "net" / "0007-3").exists()


def test_what_could_not_be_written_is_written_later(
    tmp_path: Path, run: RunFolder, facts: RunFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, place = EventFiles(tmp_path), tmp_path / "net" / "0007"
    files.update(run, facts, records(1), last=False)

    def full(writer: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("tensorboardX.record_writer.RecordWriter.flush", full)
        with pytest.raises(GraphError, match=r"cannot be written: No space left on device"):
            files.update(run, facts, records(2), last=False)
    files.update(run, facts, records(3), last=True)
    assert [epoch for epoch, name, _ in read(place / "training") if name == "loss"] == [1, 2, 3]
    assert len(read(place / "validation")) == 3


def in_the_way(folder: Path) -> Path:
    folder.joinpath("file").write_text("")
    return folder / "file" / "logs"


def in_a_run(folder: Path) -> Path:
    return folder / "net.runs" / "0001" / "logs"


@pytest.mark.parametrize(
    ("place", "said"),
    [(in_the_way, "file is no folder; name a folder"), (in_a_run, "the folder of a run, into which nothing else")],
)
def test_a_wrong_place_is_refused(tmp_path: Path, place: Callable[[Path], Path], said: str) -> None:
    with pytest.raises(GraphError, match=said):
        EventFiles(place(tmp_path)).check()
    EventFiles(tmp_path / "new" / "logs").check()
    assert not (tmp_path / "new").exists()


def test_without_the_package_its_command_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboardX.record_writer", None)
    with pytest.raises(GraphError, match=r"needs tensorboardX: \S+ -m pip install 'graphnn\[tensorboard\]'"):
        EventFiles(tmp_path).check()
