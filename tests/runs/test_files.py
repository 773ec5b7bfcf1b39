"""The files of a run: checked before anything is written, and replaced whole."""

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.errors import WeightsError
from graphnn.runs.files import RunFiles

ARRAYS = {"a/weights": np.arange(3, dtype=np.float32)}
OTHERS = {"a/weights": np.zeros(3, np.float32)}


@pytest.fixture
def outputs(tmp_path: Path) -> RunFiles:
    (tmp_path / "net.run").mkdir()
    return RunFiles(tmp_path / "net.npz")


def test_checking_leaves_nothing_behind(tmp_path: Path) -> None:
    RunFiles(tmp_path / "net.npz").check()
    assert list(tmp_path.iterdir()) == []


def test_outputs_that_could_not_be_written_are_refused(tmp_path: Path) -> None:
    def refused(path: Path, message: str) -> None:
        with pytest.raises(WeightsError, match=message):
            RunFiles(path).check()

    refused(tmp_path / "net.json", "ends in .npz")
    refused(tmp_path / "none" / "net.npz", "there is no folder")
    (tmp_path / "a.npz").mkdir()
    refused(tmp_path / "a.npz", "is a folder")
    (tmp_path / "b.run").write_text("")
    refused(tmp_path / "b.npz", "b.run: is in the way")
    (tmp_path / "c.run" / "history.csv").mkdir(parents=True)
    refused(tmp_path / "c.npz", "history.csv: is a folder")


@pytest.mark.parametrize("name", ["weights", "checkpoint", "history", "document", "last", "best", "previous"])
def test_every_file_of_a_run_is_checked(outputs: RunFiles, name: str) -> None:
    file = getattr(outputs, name)
    with pytest.raises(WeightsError, match="this is the data set, which the weights would replace"):
        outputs.check(data=file)
    file.mkdir()
    with pytest.raises(WeightsError, match=f"{file.name}: is a folder, where a file is to be written"):
        outputs.check()


def test_a_folder_or_file_without_permission_is_refused(outputs: RunFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    outputs.weights.write_text("")
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != outputs.weights)  # the administrator may all
    with pytest.raises(WeightsError, match=r"net.npz: is not writable"):
        outputs.check()

    def forbidden(**options: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", forbidden)
    with pytest.raises(WeightsError, match="nothing can be written there: Permission denied"):
        outputs.check()


def test_opening_writes_the_document_and_the_history(tmp_path: Path) -> None:
    outputs = RunFiles(tmp_path / "net.npz")
    with outputs.open({"name": "nét"}, ("loss",), validated=False, records=[]):
        assert outputs.document.read_text(encoding="utf-8") == '{\n  "name": "nét"\n}\n'
        assert outputs.history.read_text() == "epoch,loss,learning_rate,seconds,images_per_second\n"


def test_opening_names_the_file_that_cannot_be_written(outputs: RunFiles) -> None:
    outputs.history.mkdir()
    with pytest.raises(WeightsError, match=r"history.csv: cannot be written: Is a directory"):
        outputs.open({}, ("loss",), validated=False, records=[])


def test_older_weights_are_kept_once(outputs: RunFiles) -> None:
    outputs.finish(ARRAYS, {"run": 1})
    first = outputs.weights.read_bytes()
    assert sorted(path.name for path in outputs.folder.iterdir()) == []
    outputs.finish(OTHERS, {"run": 2})
    second = outputs.weights.read_bytes()
    assert outputs.previous.read_bytes() == first != second
    outputs.finish(OTHERS, {"run": 2})  # the same again must not push the older ones out
    assert outputs.previous.read_bytes() == first
    assert outputs.weights.read_bytes() == second
    assert not outputs.last.exists()


def test_which_weights_there_are(outputs: RunFiles) -> None:
    assert outputs.weights_so_far(0) == ["No weights were written, because no epoch was finished."]
    assert outputs.weights_so_far(4) == [f"{outputs.last} holds the weights after epoch 4."]
    assert outputs.weights_so_far(4, best="epoch 3, the best validation loss, 0.5") == [
        f"{outputs.last} holds the weights after epoch 4.",
        f"{outputs.best} holds those of epoch 3, the best validation loss, 0.5.",
    ]
    outputs.weights.write_text("")
    assert outputs.weights_so_far(0) == [f"{outputs.weights} is as it was before this run."]
    assert len(outputs.weights_so_far(2)) == 2


HOLD = "import sys; from graphnn.training.history import claim; f = open(sys.argv[1], 'a'); claim(f); print(); input()"


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such locks")
def test_two_trainings_do_not_share_a_folder(outputs: RunFiles) -> None:
    outputs.history.write_text("what the other one wrote\n")
    command = [sys.executable, "-c", HOLD, str(outputs.history)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        other.stdout.readline()
        for refused in (outputs.check_free, lambda: outputs.open({}, ("loss",), validated=False, records=[])):
            with pytest.raises(WeightsError, match=r"net.run: another training is writing there"):
                refused()
        assert outputs.history.read_text() == "what the other one wrote\n"
        assert not outputs.document.exists()
        other.kill()
    outputs.check_free()
    outputs.open({}, ("loss",), validated=False, records=[]).__exit__(None, None, None)


def test_without_locks_a_run_is_not_claimed(outputs: RunFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    outputs.history.write_text("")
    monkeypatch.setitem(sys.modules, "fcntl", None)
    outputs.check_free()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such locks")
def test_a_file_system_without_locks_is_no_obstacle(outputs: RunFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(*arguments: Any) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    outputs.history.write_text("")
    monkeypatch.setattr("fcntl.lockf", unsupported)
    outputs.check_free()
