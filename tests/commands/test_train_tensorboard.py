"""train --tensorboard: event files of each run, and what is refused before anything is trained."""

from collections.abc import Callable
from pathlib import Path

import pytest

from graphnn.runs import run as training_run

pytest.importorskip("tensorboardX")
Train = Callable[..., tuple[int, str, str]]


def test_each_run_has_a_folder_of_its_own_and_a_resumed_one_the_same(
    train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = tmp_path / "logs"
    options = ("--tensorboard", logs, "--set", "data.validation_split=0.2")
    code, out, _ = train(*options)
    assert code == 0
    assert f"{logs / 'net' / '0001'} has its figures for TensorBoard.\n" in out
    asked = iter([False] * 30 + [True])
    monkeypatch.setattr(training_run.StopRequest, "__call__", lambda request: next(asked))
    assert train(*options)[0] == 130
    monkeypatch.undo()
    assert train(*options, "--resume")[0] == 0
    folders = [folder / part for folder in (logs / "net" / "0001", logs / "net" / "0002") for part in PARTS]
    assert [len([*folder.iterdir()]) for folder in folders] == [1, 1, 1, 1]


PARTS = ("training", "validation")


def test_a_file_in_its_place_is_refused_before_anything_is_trained(train: Train, document: Path) -> None:
    code, out, err = train("--tensorboard", document)
    assert (code, out) == (2, "")
    assert err == f"{document}: {document} is no folder; name a folder for the files of TensorBoard\n"
    assert not document.with_suffix(".runs").exists()
