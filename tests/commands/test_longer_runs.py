"""train with averages, the best weights and early stopping: what it prints and writes, and that resuming loses none."""

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.runs import run as training_run
from graphnn.storage.weights import load_weights

Train = Callable[..., tuple[int, str, str]]
AVERAGE = ("--set", 'training.averaging={"type": "exponential", "decay": 0.9}')
LOOKAHEAD = ("--set", "training.averaging.type=lookahead")
FAST = ("--set", "optimizer.learning_rate=0.6")  # at which the figures go up and down
BEST = ("--set", "training.keep_best=validation_loss", "--set", "training.epochs=6", *FAST)
STOPPING = ("--set", "training.early_stopping.patience=2", "--set", "training.epochs=40", *FAST)


def run(document: Path, number: int = 1) -> Path:
    """Return the folder of a run."""
    return document.parent / "net.runs" / f"{number:04}"


def rows(document: Path, number: int = 1) -> list[dict[str, str]]:
    """Return the table of a run."""
    with (run(document, number) / "history.csv").open() as file:
        return list(csv.DictReader(file))


def lowest(document: Path) -> int:
    """Return the first epoch with the lowest validation loss."""
    return int(min(rows(document), key=lambda row: float(row["validation_loss"]))["epoch"])


def stop_after(calls: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupt the next run at the given number of its questions whether it should stop."""
    asked = iter([False] * calls + [True])
    monkeypatch.setattr(training_run.StopRequest, "__call__", lambda request: next(asked))


def test_a_run_may_end_within_an_epoch(train: Train, document: Path) -> None:
    code, out, err = train("--set", "training.epochs=1.5")
    assert (code, err) == (0, "")
    epochs = [line.split("  ")[0] for line in out.splitlines() if line.startswith("epoch ")]
    assert epochs == ["epoch 1/1.5", "epoch 2/1.5"]
    assert [row["epoch"] for row in rows(document)] == ["1", "2"]
    assert load_weights(document.with_suffix(".npz")).meta["metrics"]["epochs"] == 1.5
    code, _, err = train("--set", "training.epochs=1.5", "--resume")
    assert code == 2
    assert "this run is finished, after epoch 2" in err


def test_a_run_that_ended_within_an_epoch_cannot_become_longer(train: Train) -> None:
    train("--set", "training.epochs=1.5")
    code, _, err = train("--set", "training.epochs=3", "--resume")
    assert code == 2
    assert "training.epochs: 1.5 at the start, 3 now" in err


def test_nothing_to_train_on_is_found_before_anything_is_written(train: Train, document: Path) -> None:
    code, _, err = train("--set", "training.drop_last=true", "--set", "training.batch_size=2000")
    assert code == 2
    assert "drop_last leaves nothing to train on" in err
    assert list(document.parent.iterdir()) == [document]


def test_the_average_is_written_and_measured(train: Train, trained: Path, tmp_path: Path) -> None:
    code, _, _ = train(*AVERAGE, "--output", tmp_path / "averaged.npz")
    assert code == 0
    averaged, plain = load_weights(tmp_path / "averaged.npz"), load_weights(trained.with_suffix(".npz"))
    checkpoint = load_weights(tmp_path / "averaged.runs" / "0001" / "checkpoint.npz")
    others = load_weights(trained.parent / "net.runs" / "0001" / "checkpoint.npz")
    assert np.array_equal(checkpoint.arrays["parameters"], others.arrays["parameters"])  # trained as without
    assert not np.array_equal(averaged.arrays["hidden/weights"], plain.arrays["hidden/weights"])
    average = checkpoint.arrays["average/parameters"][: 64 * 16]  # in the order that the memory has
    assert np.array_equal(np.sort(average), np.sort(averaged.arrays["hidden/weights"], axis=None))
    assert averaged.meta["metrics"]["training"] == plain.meta["metrics"]["training"]
    assert averaged.meta["metrics"]["validation"] != plain.meta["metrics"]["validation"]


@pytest.mark.parametrize("calls", [30, 43])  # within epoch 2; as its validation begins
@pytest.mark.parametrize("options", [AVERAGE, LOOKAHEAD, BEST, (*BEST, *AVERAGE)])
def test_a_stop_loses_nothing(
    train: Train, document: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], calls: int
) -> None:
    assert train(*options)[0] == 0
    whole, table = document.with_suffix(".npz").read_bytes(), rows(document)
    document.with_suffix(".npz").unlink()
    stop_after(calls, monkeypatch)
    assert train(*options)[0] == 130
    monkeypatch.undo()
    code, out, err = train(*options, "--resume")
    assert (code, err) == (0, "")
    assert "Resumed at epoch 2, step " in out
    assert document.with_suffix(".npz").read_bytes() == whole
    shown = [{key: value for key, value in row.items() if "second" not in key} for row in rows(document, 2)]
    assert shown == [{key: value for key, value in row.items() if "second" not in key} for row in table]


def test_the_best_weights_are_kept_and_named(train: Train, document: Path) -> None:
    code, out, _ = train(*BEST)
    assert code == 0
    best = lowest(document)
    row = rows(document)[best - 1]
    assert 1 < best < 6  # otherwise this test shows little
    line = f"{document.with_suffix('.npz')} written by run 1: the weights of epoch {best}, the best validation loss, "
    assert f"{line}{float(row['validation_loss']):.4f}." in out.splitlines()
    meta = load_weights(document.with_suffix(".npz")).meta["metrics"]
    assert meta["epochs"] == best
    assert meta["validation"]["loss"] == float(row["validation_loss"])
    assert not (run(document) / "best.npz").exists()  # net.npz is it
    _, out, _ = train(*BEST, "--no-test")
    assert f"Final validation loss: {meta['validation']['loss']:.4f}" in out


def test_the_best_weights_are_on_disk_during_the_run(
    train: Train, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_after(100, monkeypatch)
    code, _, err = train(*BEST)
    assert code == 130
    best = lowest(document)
    assert best < len(rows(document))
    file = load_weights(run(document) / "best.npz")
    assert file.meta["metrics"]["epochs"] == best
    last = load_weights(run(document) / "last.npz")
    assert last.meta["metrics"]["epochs"] == len(rows(document))
    assert f"{file.path} holds the weights of the best epoch so far, epoch {best}." in err
    before = file.path.read_bytes()
    stop_after(0, monkeypatch)
    file.path.unlink()
    assert train(*BEST, "--resume")[0] == 130
    again = load_weights(file.path)
    assert again.meta == file.meta
    assert {name: array.tobytes() for name, array in again.arrays.items()} == {
        name: array.tobytes() for name, array in file.arrays.items()
    }
    stop_after(30, monkeypatch)
    assert train()[0] == 130
    assert file.path.read_bytes() == before
    assert not (run(document, 2) / "best.npz").exists()  # it would be of another run


def test_a_stop_after_divergence_keeps_the_last_good_checkpoint(
    train: Train, document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last update before the stop gave a weight that is not finite, which only the next step would show."""

    def diverged(run: training_run.TrainingRun, *arguments: Any) -> None:
        run.parameters.vector[3] = np.inf
        interrupted(run, *arguments)

    interrupted = training_run.TrainingRun.interrupted
    with monkeypatch.context() as patch:
        patch.setattr(training_run.TrainingRun, "interrupted", diverged)
        stop_after(60, patch)
        code, _, err = train()
    assert code == 3
    done = len(rows(document))
    assert re.search(rf"hidden/weights is no longer finite after step \d+ of epoch {done + 1}", err)
    assert f"last.npz holds the weights after epoch {done}" in err
    code, _, err = train("--resume")
    assert code == 2
    assert "start without --resume" in err
    assert train("--resume", "1")[0] == 0
    assert train("--output", tmp_path / "whole.npz")[0] == 0
    assert document.with_suffix(".npz").read_bytes() == (tmp_path / "whole.npz").read_bytes()


def test_a_run_that_stops_early_prints_why(train: Train, document: Path) -> None:
    code, out, _ = train(*STOPPING)
    assert code == 0
    best, count = lowest(document), len(rows(document))
    assert count == best + 2 < 40
    lowest_loss = float(rows(document)[best - 1]["validation_loss"])
    line = f"no better validation loss than {lowest_loss:.4f} of epoch {best} in 2 validations."
    assert f"Stopped early after epoch {count}: {line}" in out.splitlines()
    assert load_weights(document.with_suffix(".npz")).meta["metrics"]["epochs"] == count
    weights = document.with_suffix(".npz").read_bytes()
    code, _, err = train(*STOPPING, "--resume")
    assert code == 2
    assert f"this run is finished, after epoch {count}" in err
    assert document.with_suffix(".npz").read_bytes() == weights


def test_epochs_without_validation_have_empty_cells(train: Train, document: Path) -> None:
    code, out, _ = train("--set", "evaluation.every=2")
    assert code == 0
    assert [bool(row["validation_loss"]) for row in rows(document)] == [False, True, True]
    assert [" validation loss" in line for line in out.splitlines() if line.startswith("epoch ")] == [False, True, True]


def test_digits_with_everything(graphnn: Callable[..., Any], root: Path, tmp_path: Path) -> None:
    schedule = {"type": "piecewise_linear", "points": [[0, 0.2], [0.23, 1], [1, 0.07]]}
    options = [
        *("--set", f"optimizer.schedule={json.dumps(schedule)}", "--set", "training.epochs=2.5"),
        *("--set", "training.averaging.type=lookahead", "--set", "training.drop_last=true"),
        *("--set", "evaluation.every=2", "--set", "training.keep_best=validation_accuracy", "--limit", "500"),
    ]
    written = []
    for threads in ("1", "2"):
        output = tmp_path / f"{threads}.npz"
        command = ["train", root / "models" / "digits.json", *options, "--output", output]
        done = graphnn(*command, "--threads", threads)
        assert done.returncode == 0, done.stderr
        written.append(output.read_bytes())
    assert written[0] == written[1]
    assert "epoch 3/2.5  " in done.stdout
    assert output.read_bytes() == (tmp_path / "2.runs" / "0001" / "weights.npz").read_bytes()
