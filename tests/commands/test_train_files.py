"""train, called in this process: the files that it writes, and those that it leaves as they were."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.errors import WeightsError
from graphnn.runs import run as training_run
from graphnn.runs.folder import RunFolder
from graphnn.storage.weights import load_weights

Train = Callable[..., tuple[int, str, str]]


def names(folder: Path) -> list[str]:
    """Return the paths of everything in a folder."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@pytest.mark.usefixtures("regression")
def test_regression_ends_with_figures_of_regression(train: Train, document: Path) -> None:
    code, out, _ = train("--quiet")
    assert code == 0
    assert [line.partition(":")[0] for line in out.splitlines()] == [
        *("Final test loss", "Final test mean absolute error", "Final test R²")
    ]
    assert load_weights(document.with_suffix(".npz")).meta["classes"] is None


def test_the_weights_never_replace_the_data(train: Train, regression: Path, document: Path) -> None:
    data = regression.read_bytes()
    named_like_the_document = document.with_suffix(".npz")
    regression.rename(named_like_the_document)
    code, _, err = train("--quiet", "--set", "data.path=net.npz")
    assert code == 2
    assert f"{named_like_the_document}: this is the data set, which the weights would replace" in err
    link = document.with_name("link.npz")
    link.symlink_to(named_like_the_document)
    assert train("--quiet", "--set", "data.path=net.npz", "--output", link)[0] == 2
    assert named_like_the_document.read_bytes() == data
    assert not document.with_suffix(".runs").exists()
    assert train("--quiet", "--set", "data.path=net.npz", "--output", document.with_name("other.npz"))[0] == 0


def test_a_log_that_cannot_be_written_is_told_once(
    train: Train, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("graphnn.runs.log.write_all", full)
    code, _, err = train()
    assert (code, err.count("log.txt")) == (0, 1)
    assert "log.txt: cannot be written: No space left on device; it lacks what was printed from then on" in err
    assert document.with_suffix(".npz").exists()


def test_a_dry_run_writes_nothing(train: Train, document: Path) -> None:
    code, out, _ = train("--dry-run")
    assert code == 0
    assert "Dry run: 1,293 samples to train on, 144 to validate, 360 to test." in out
    assert "One batch of 64, forward and backward: loss 2." in out
    assert names(document.parent) == ["net.json"]


def test_a_dry_run_needs_no_place_to_write(
    train: Train, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*, dir: Path) -> Any:
        raise PermissionError(13, "Permission denied", str(dir))

    monkeypatch.setattr("tempfile.TemporaryFile", forbidden)  # the administrator may write anywhere
    code, out, err = train("--dry-run", "--plain")
    assert (code, "One batch of 64" in out) == (0, True)
    refused = "nothing can be written there: Permission denied"
    assert err.splitlines() == [
        f"note: {place}: {refused}; a training would be refused" for place in (tmp_path, tmp_path / "net.runs")
    ]
    code, _, err = train("--quiet")
    assert (code, err) == (2, f"{tmp_path}: {refused}\n")
    trained.with_suffix(".npz").write_text("mine")
    code, _, err = train("--dry-run", "--quiet")
    assert (code, "net.npz: " in err, "; it is not replaced; " in err) == (2, True, True)


def test_output_is_written_to_the_given_file(train: Train, document: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    assert train("--output", tmp_path / "other" / "w.npz")[0] == 0
    assert names(document.parent) == [
        *("net.json", "other", "other/w.npz", "other/w.runs", "other/w.runs/0001"),
        *("other/w.runs/0001/checkpoint.npz", "other/w.runs/0001/history.csv", "other/w.runs/0001/lock"),
        *("other/w.runs/0001/log.txt", "other/w.runs/0001/resolved.json", "other/w.runs/0001/run.json"),
        "other/w.runs/0001/weights.npz",
    ]


def test_outputs_that_cannot_be_written_are_reported_before_training(
    train: Train, document: Path, tmp_path: Path
) -> None:
    for output, message in (("none/w.npz", "there is no folder"), ("w.json", "ends in .npz")):
        code, out, err = train("--output", tmp_path / output)
        assert (code, "epoch" in out) == (2, False)
        assert message in err
    for output in ("", ".", "/"):
        code, _, err = train("--output", output)
        assert code == 2
        assert "the name of a weights file ends in .npz" in err
    assert names(document.parent) == ["net.json"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the administrator may write anywhere")
def test_a_folder_that_is_not_writable_is_reported_before_training(train: Train, document: Path) -> None:
    document.parent.chmod(0o555)
    try:
        code, out, err = train()
    finally:
        document.parent.chmod(0o755)
    assert (code, "epoch" in out) == (2, False)
    assert "nothing can be written there" in err


def test_a_start_that_fails_leaves_nothing(train: Train, document: Path, tmp_path: Path) -> None:
    code, _, err = train("--set", "data.dataset=mnist", "--set", "input.shape=[784]", "--data-dir", document)
    assert code == 2
    assert "mnist" in err
    assert train("--limit", "3")[0] == 2
    assert names(document.parent) == ["net.json"]


def test_no_try_replaces_weights_that_took_longer(train: Train, document: Path) -> None:
    weights, runs = document.with_suffix(".npz"), document.parent / "net.runs"
    assert train("--set", "training.epochs=4")[0] == 0
    longest = weights.read_bytes()
    for limit, number in ((100, 2), (50, 3)):
        code, out, err = train("--limit", str(limit), "--set", "training.epochs=1")
        assert (code, err) == (0, "")
        assert f"{weights} stays as run 1 left it: this run was a try (--limit {limit} --set training.epochs=1)" in out
        assert f"graphnn runs {document} --promote {number}" in out
        assert weights.read_bytes() == longest
    code, out, err = train("--quiet", "--limit", "50")
    assert err.startswith(f"note: {weights} stays as run 1 left it")
    assert train()[0] == 0
    assert weights.read_bytes() == (runs / "0005" / "weights.npz").read_bytes() != longest
    assert (runs / "0001" / "weights.npz").read_bytes() == longest


def test_an_unfinished_run_stays(train: Train, document: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_run.StopRequest, "__call__", lambda request: True)
    assert train()[0] == 130
    monkeypatch.undo()
    first = document.parent / "net.runs" / "0001"
    before = {path.name: path.read_bytes() for path in first.iterdir()}
    assert "checkpoint.npz" in before
    assert train("--limit", "100")[0] == 0
    assert {path.name: path.read_bytes() for path in first.iterdir()} == before


def test_a_file_of_somebody_elses_is_refused_before_training(train: Train, document: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "net.npz", x=np.arange(3))
    before = (tmp_path / "net.npz").read_bytes()
    for options in ((), ("--output", tmp_path / "net.npz"), ("--resume",)):
        code, out, err = train(*options)
        assert (code, "epoch" in out) == (2, False)
        assert err.startswith(f"{tmp_path / 'net.npz'}: holds arrays (x) without graphnn's description of them")
        assert len(err.splitlines()) == 1
    assert (tmp_path / "net.npz").read_bytes() == before
    assert names(document.parent) == ["net.json", "net.npz"]


def test_a_link_of_somebody_elses_in_an_old_folder_is_not_written_through(train: Train, document: Path) -> None:
    folder = document.with_suffix(".run")
    folder.mkdir()
    (document.parent / "victim").write_text("precious")
    (folder / "history.csv").symlink_to("../victim")
    code, out, err = train()
    assert (code, "epoch" in out) == (2, False)
    assert err.startswith(f"{folder / 'history.csv'}: is a link")
    assert (document.parent / "victim").read_text() == "precious"


def test_only_weights_that_exist_are_named(train: Train, document: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: Any, **options: Any) -> None:
        raise WeightsError("last.npz: cannot be written: No space left on device")

    monkeypatch.setattr("graphnn.runs.open_run.save_weights", full)
    code, _, err = train()
    assert code == 2
    assert err.splitlines() == [
        "last.npz: cannot be written: No space left on device",
        "No weights of run 1 were written.",
    ]
    assert RunFolder(document.parent / "net.runs" / "0001").facts().state == "failed"


def test_the_run_of_an_older_version_is_taken_over(train: Train, trained: Path) -> None:
    folder, runs = trained.with_suffix(".run"), trained.with_suffix(".runs")
    (runs / "0001").rename(folder)
    runs.rmdir()
    for name in ("run.json", "lock", "log.txt", "weights.npz"):  # which older versions did not write
        (folder / name).unlink()
    before, checkpoint = trained.with_suffix(".npz").read_bytes(), (folder / "checkpoint.npz").read_bytes()
    code, out, err = train("--resume", "--set", "training.epochs=4")
    assert (code, err) == (0, f"note: {folder} is run 1 now: {runs / '0001'}\n")
    assert f"\nRun 2, in {runs / '0002'}, goes on from run 1 at epoch 4, step 1.\n" in out
    assert "Resumed" not in out
    assert (runs / "0001" / "weights.npz").read_bytes() == trained.with_suffix(".npz").read_bytes() == before
    assert (runs / "0001" / "checkpoint.npz").read_bytes() == checkpoint
    assert sorted(path.name for path in trained.parent.iterdir()) == ["net.json", "net.npz", "net.runs"]


def test_divergence_leaves_the_older_weights(train: Train, trained: Path) -> None:
    weights = trained.with_suffix(".npz")
    before = weights.read_bytes()
    code, _, err = train("--set", "optimizer.learning_rate=1e38", "--set", "optimizer.type=SGD")
    assert code == 3
    assert "layers[" in err
    assert "Try a learning rate smaller than" in err
    assert f"{weights} is as it was before this run." in err
    assert weights.read_bytes() == before


def test_divergence_after_an_epoch_leaves_that_epochs_weights(
    train: Train, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = training_run.Trainer.learning_rates

    def too_high(trainer: training_run.Trainer, step: int) -> tuple[float, ...]:
        return tuple(rate * (1 if trainer.epoch < 2 else 1e38) for rate in plain(trainer, step))

    monkeypatch.setattr(training_run.Trainer, "learning_rates", too_high)
    code, _, err = train()
    last = document.parent / "net.runs" / "0001" / "last.npz"
    assert code == 3
    assert "in epoch 3 of 3" in err
    assert f"{last} holds the weights after epoch 2." in err
    assert "To continue" not in err  # it would diverge again
    monkeypatch.undo()
    before = last.read_bytes()
    file = load_weights(last, check_finite=True)
    assert file.meta["metrics"]["epochs"] == 2
    assert not document.with_suffix(".npz").exists()
    facts = RunFolder(last.parent).facts()
    assert (facts.state, facts.done) == ("diverged", 2)
    assert facts.message is not None
    assert "in epoch 3 of 3" in facts.message
    code, _, err = train()
    assert (code, err) == (0, "")
    assert document.with_suffix(".npz").read_bytes() == (last.parents[1] / "0002" / "weights.npz").read_bytes()
    assert last.read_bytes() == before
