"""train, called in this process: the files that it writes, and those that it leaves as they were."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

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


def test_a_dry_run_writes_nothing(train: Train, document: Path) -> None:
    code, out, _ = train("--dry-run")
    assert code == 0
    assert "Dry run: 1,293 samples to train on, 144 to validate, 360 to test." in out
    assert "One batch of 64, forward and backward: loss 2." in out
    assert names(document.parent) == ["net.json"]


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
