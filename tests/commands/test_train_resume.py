"""train --resume, called in this process: what it accepts, and that it changes nothing."""

import csv
import json
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from graphnn.commands import train as command
from graphnn.engine.batch import Batch
from graphnn.engine.engine import Engine
from graphnn.errors import GraphError
from graphnn.runs import final_figures
from graphnn.runs import run as training_run
from graphnn.runs.folder import RunFolder
from graphnn.training.checkpoint import load_checkpoint, save_checkpoint
from graphnn.types import Array

Train = Callable[..., tuple[int, str, str]]


def test_resuming_needs_a_checkpoint_and_no_other_start(train: Train, document: Path) -> None:
    code, _, err = train("--resume")
    assert code == 2
    assert err.splitlines() == [f"{document.with_suffix('.runs')}: there is no run to resume; start without --resume"]
    code, _, err = train("--resume", "--init-from", "w.npz")
    assert code == 2
    assert "not allowed with argument" in err
    assert list(document.parent.iterdir()) == [document]


def test_a_finished_run_with_nothing_left_to_do_is_not_resumed(train: Train, trained: Path) -> None:
    before = trained.with_suffix(".npz").read_bytes()
    for arguments in (["--resume"], ["--resume", "1"]):
        code, out, err = train(*arguments)
        assert (code, "Resumed" in out) == (2, False)
        assert err.startswith(f"{trained.parent / 'net.runs' / '0001'}: this run is finished, after epoch 3")
        assert "for example --set training.epochs=6" in err
        assert len(err.splitlines()) == 1
    assert trained.with_suffix(".npz").read_bytes() == before
    assert [path.name for path in (trained.parent / "net.runs").iterdir()] == ["0001"]


@pytest.mark.usefixtures("trained")
def test_a_changed_document_is_not_resumed(train: Train, document: Path, small: dict[str, Any]) -> None:
    small["layers"][0].update(units=17, description="this alone would not matter")
    document.write_text(json.dumps(small))
    code, _, err = train("--resume", "--set", "optimizer.learning_rate=0.04")
    assert code == 2
    assert ".units: 16 at the start, 17 now" in err
    assert "optimizer.learning_rate: 0.05 at the start, 0.04 now" in err
    assert "description" not in err
    small["layers"] = [{"type": "Dense", "units": 10}, {"type": "Softmax"}]
    document.write_text(json.dumps(small))
    others = "name another run by --resume RUN, or start anew without --resume."
    assert err.splitlines()[-2].startswith("To continue it, with its document as it was: graphnn train ")
    assert err.splitlines()[-2].endswith("net.json --quiet --resume 1")
    assert err.splitlines()[-1] == f"Else {others}"
    assert train("--resume")[2].splitlines()[-1] == f"Undo the changes, {others}"
    _, _, err = train("--resume", "--limit", "200")
    assert "--limit: none at the start, 200 now" not in err.splitlines()[0]
    assert "more" in err


def test_the_options_of_a_run_are_named_where_they_are_to_be_repeated(train: Train, document: Path) -> None:
    options = ("--limit", "200", "--set", "training.epochs=2")
    assert train(*options)[0] == 0
    code, _, err = train("--resume")
    assert code == 2
    assert "training.epochs: 2 at the start, 3 now: " in err
    assert err.startswith(f"{document.with_suffix('.runs') / '0001'}: this run was started with other settings")
    again = "--limit 200 --set training.epochs=2 --resume 1"
    assert (
        f"\nTo continue it, with its document as it was: graphnn train {document} {again}\nElse name another run by"
        in err
    )
    code, _, err = train("--resume", *options)
    assert (code, len(err.splitlines())) == (2, 1)
    assert "this run is finished, after epoch 2" in err


@pytest.mark.parametrize(
    ("setting", "bound"),
    [
        ('optimizer.schedule={"type": "one_cycle"}', 'its schedule "one_cycle" was'),
        ('training.averaging={"type": "lookahead"}', 'its averaging "lookahead" was'),
    ],
)
def test_a_finished_run_that_cannot_be_longer_says_so(train: Train, document: Path, setting: str, bound: str) -> None:
    assert train("--set", setting, "--set", "training.epochs=2")[0] == 0
    code, _, err = train("--resume", "--set", setting, "--set", "training.epochs=2")
    run = document.with_suffix(".runs") / "0001"
    assert code == 2
    assert err == (
        f"{run}: this run is finished, after epoch 2; {bound} made for these epochs; train anew with more, "
        f"or from its weights: --init-from {run / 'weights.npz'}\n"
    )
    assert train("--init-from", run / "weights.npz", "--set", setting, "--set", "training.epochs=4")[0] == 0
    assert train("--resume", "1", "--set", setting, "--set", "training.epochs=4")[0] == 2


@pytest.mark.usefixtures("trained")
def test_a_longer_run_resumes_where_the_rates_are_the_same(train: Train, document: Path, tmp_path: Path) -> None:
    train("--set", "training.epochs=5", "--output", tmp_path / "whole.npz")
    whole = (tmp_path / "whole.npz").read_bytes()
    first, runs = (document.with_suffix(".npz")).read_bytes(), document.parent / "net.runs"
    code, out, _ = train("--resume", "--set", "training.epochs=5")
    assert code == 0
    assert f"\nRun 2, in {runs / '0002'}, goes on from run 1 at epoch 4, step 1.\n" in out
    assert "Resumed" not in out
    assert (runs / "0002" / "weights.npz").read_bytes() == whole
    assert RunFolder(runs / "0002").facts().goes_on_from == 1
    assert document.with_suffix(".npz").read_bytes() == (runs / "0001" / "weights.npz").read_bytes() == first
    cosine = ("--set", 'optimizer.schedule={"type": "cosine"}')
    train(*cosine)
    code, _, err = train(*cosine, "--resume", "--set", "training.epochs=5")
    assert code == 2
    assert "training.epochs: 3 at the start, 5 now" in err
    assert train(*cosine, "--resume", "--set", "training.epochs=2")[0] == 2
    assert sorted(path.name for path in runs.iterdir()) == ["0001", "0002", "0003"]


@pytest.mark.usefixtures("trained")
def test_a_stop_saves_and_prints_how_to_resume(train: Train, document: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, folder = document.with_suffix(".npz").read_bytes(), document.parent / "net.runs" / "0002"
    document.with_suffix(".npz").unlink()
    asked = iter([False] * 30 + [True])
    monkeypatch.setattr(training_run.StopRequest, "__call__", lambda request: next(asked))
    code, _, err = train()
    assert code == 130
    assert "Interrupted in epoch 2 of 3, after step " in err
    assert f"saved in {folder}." in err
    assert f"{folder / 'last.npz'} holds the weights after epoch 1." in err
    assert err.splitlines()[-1].strip() == f"graphnn train {document} --resume 2"
    monkeypatch.undo()
    facts = RunFolder(folder).facts()
    assert (facts.state, facts.done, facts.epochs) == ("interrupted", 1, 3)
    state, _ = load_checkpoint(folder / "checkpoint.npz")
    assert (state.epoch, state.step > 0, len(state.history)) == (1, True, 1)
    code, out, _ = train("--resume")
    assert code == 0
    assert f"Resumed at epoch 2, step {state.step + 1}: run 2, in {folder}." in out
    assert document.with_suffix(".npz").read_bytes() == (folder / "weights.npz").read_bytes() == whole
    assert len((folder / "history.csv").read_text().splitlines()) == 4
    assert RunFolder(folder).facts().state == "finished"


def as_before_top_5_accuracy(checkpoint: Path) -> None:
    """Write a checkpoint as older versions did, without the metric whose sum is the last one."""
    state, identity = load_checkpoint(checkpoint)
    history = []
    for record in state.history:
        assert record.validation
        kept = [
            {k: v for k, v in figures.items() if k != "top_5_accuracy"}
            for figures in (record.training, record.validation)
        ]
        history.append(replace(record, training=kept[0], validation=kept[1]))
    sums = None if state.sums is None else state.sums[:-1]
    save_checkpoint(checkpoint, replace(state, history=history, sums=sums), identity)


def test_further_signals_do_not_garble_how_to_resume(
    train: Train, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    complain = training_run.complain

    def disturbed(message: str) -> None:
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGINT)
        complain(message)

    monkeypatch.setattr(training_run.StopRequest, "__call__", lambda request: True)
    monkeypatch.setattr(training_run, "complain", disturbed)
    code, _, err = train()
    assert (code, err.count("To continue"), "Interrupted.\n" in err) == (130, 1, False)


def test_a_run_older_than_a_metric_resumes_with_the_metric(train: Train, document: Path) -> None:
    longer = ("--set", "training.epochs=4")
    runs = document.parent / "net.runs"
    train(*longer)
    whole = (runs / "0001" / "weights.npz").read_bytes()
    train()
    as_before_top_5_accuracy(runs / "0002" / "checkpoint.npz")
    assert train(*longer, "--resume")[0] == 0
    assert (runs / "0003" / "weights.npz").read_bytes() == whole
    with (runs / "0003" / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["top_5_accuracy"] == "" for row in rows] == [True, True, True, False]
    assert all(float(row["accuracy"]) > 0.2 for row in rows)


def test_sums_of_other_metrics_are_not_continued(train: Train, document: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = iter([False] * 30 + [True])
    monkeypatch.setattr(training_run.StopRequest, "__call__", lambda request: next(asked))
    assert train()[0] == 130
    monkeypatch.undo()
    checkpoint = document.parent / "net.runs" / "0001" / "checkpoint.npz"
    as_before_top_5_accuracy(checkpoint)
    code, _, err = train("--resume")
    assert code == 2
    assert err.startswith(f"{checkpoint}: was written within epoch 2 by a version with other metrics, whose sums")
    assert len(err.splitlines()) == 1


def test_a_stop_during_the_final_evaluation_loses_nothing(
    train: Train, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(final_figures, "evaluate", lambda *arguments, what: None)
    code, _, err = train()
    assert code == 130
    assert "Interrupted after the last epoch" in err
    monkeypatch.undo()
    code, out, _ = train("--resume")
    assert code == 0
    assert "Final test accuracy" in out


def test_so_does_one_while_views_are_averaged(train: Train, document: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    views = ("--set", "evaluation.test_time_augmentation=flip")
    monkeypatch.setattr(final_figures, "averaged_sums", lambda *arguments: None)
    code, out, err = train(*views)
    assert code == 130
    assert "Final" not in out
    assert "Interrupted after the last epoch" in err
    monkeypatch.undo()
    code, out, _ = train("--resume", *views)
    assert code == 0
    assert "Final test accuracy with flip: " in out


def test_views_change_nothing_of_what_is_trained(train: Train, document: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(final_figures, "averaged_sums", lambda *arguments: None)
    assert train("--set", "evaluation.test_time_augmentation=flip")[0] == 130
    code, out, _ = train("--resume")
    assert code == 0
    assert "Final test accuracy: " in out
    assert "with flip" not in out
    assert document.with_suffix(".npz").exists()


@pytest.mark.usefixtures("trained")
def test_augmented_training_resumed_within_an_epoch_gives_the_same_weights(
    train: Train, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    augment = ("--set", 'data.augment=[{"type": "RandomTranslate", "pixels": 1}, {"type": "Cutout", "size": 2}]')
    runs = document.parent / "net.runs"
    plain = document.with_suffix(".npz").read_bytes()
    train(*augment)
    whole = (runs / "0002" / "weights.npz").read_bytes()
    assert whole != plain
    asked = iter([False] * 30 + [True])
    monkeypatch.setattr(training_run.StopRequest, "__call__", lambda request: next(asked))
    assert train(*augment)[0] == 130
    monkeypatch.undo()
    code, _, err = train("--resume", "--set", 'data.augment=[{"type": "RandomTranslate", "pixels": 1}]')
    assert code == 2
    assert 'data.augment[1].type: "Cutout" at the start, absent now' in err
    code, out, _ = train("--resume", *augment)
    assert code == 0
    assert "Resumed at epoch 2, step " in out
    assert (runs / "0003" / "weights.npz").read_bytes() == whole
    assert document.with_suffix(".npz").read_bytes() == plain


def test_the_command_to_resume_repeats_the_options() -> None:
    argv = ["a b.json", "--init-from", "w.npz", "--set", "x=1", "--init-from=v.npz", "--resume"]
    assert command.resume_command("graphnn train", argv, 7) == "graphnn train 'a b.json' --set x=1 --resume 7"
    assert command.resume_command("graphnn train", ["--quiet", "--", "-a.json"], 7) == (
        "graphnn train --quiet --resume 7 -- -a.json"
    )


@pytest.mark.parametrize(
    ("argv", "run", "document"),
    [
        (["--resume", "a.json"], "latest", "a.json"),
        (["a.json", "--resume"], "latest", "a.json"),
        (["a.json", "--resume", "--quiet"], "latest", "a.json"),
        (["a.json", "--resume=latest"], "latest", "a.json"),
        (["--resume", "12", "a.json"], 12, "a.json"),
        (["a.json", "--resume", "3"], 3, "a.json"),
        (["--resume=3", "a.json"], 3, "a.json"),
        (["a.json", "--resume", "--resume", "3"], 3, "a.json"),
        (["--resume", "--", "a.json"], "latest", "a.json"),
        (["--resume", "2", "--", "5"], 2, "5"),
        (["--resume", "٣.json"], "latest", "٣.json"),
    ],
)
def test_the_run_to_resume_is_told_from_the_document(argv: list[str], run: int | str, document: str) -> None:
    found = command.parser().parse(command.with_resume_apart(argv))
    assert (found.resume, found.spec) == (run, Path(document))


@pytest.mark.parametrize("run", ["0", "=0", "=-1", "=abc", "abc", "2,3", "=", "=1.5"])
@pytest.mark.usefixtures("trained")
def test_what_is_no_number_of_a_run_is_refused(train: Train, run: str) -> None:
    code, out, err = train(*([f"--resume{run}"] if "=" in run else ["--resume", run]))
    assert (code, "epoch" in out) == (2, False)
    assert f'argument --resume: "{run.removeprefix("=")}" is not the number of a run' in err


@pytest.mark.usefixtures("trained")
def test_a_run_is_resumed_by_its_number(train: Train, document: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = document.parent / "net.runs"
    for _ in range(2):
        asked = iter([False] * 30 + [True])
        monkeypatch.setattr(training_run.StopRequest, "__call__", lambda request, asked=asked: next(asked))
        assert train()[0] == 130
        monkeypatch.undo()
    code, _, err = train("--resume", "9")
    assert (code, err) == (2, f"{runs}: there is no run 9, only runs 1…3\n")
    code, out, _ = train("--resume", "2")
    assert code == 0
    assert f"run 2, in {runs / '0002'}." in out
    assert RunFolder(runs / "0003").facts().state == "interrupted"
    code, out, _ = train("--resume")
    assert code == 0
    assert f"run 3, in {runs / '0003'}." in out
    assert [RunFolder(path).facts().state for path in sorted(runs.iterdir())] == ["finished"] * 3


def test_a_failed_run_says_which_weights_exist_and_how_to_resume(
    train: Train, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = iter(range(30))
    step = Engine.train_step

    def failing(self: Engine, batch: Batch, **options: int) -> Array:
        if next(steps, None) is None:
            raise GraphError("a process of the engine was lost")
        return step(self, batch, **options)

    monkeypatch.setattr(Engine, "train_step", failing)
    code, _, err = train()
    assert code == 2
    assert err.splitlines() == [
        "a process of the engine was lost",
        f"{document.parent / 'net.runs' / '0001' / 'last.npz'} holds the weights after epoch 1.",
        "To continue from there:",
        f"  graphnn train {document} --resume 1",
    ]
    facts = RunFolder(document.parent / "net.runs" / "0001").facts()
    assert (facts.state, facts.message) == ("failed", "a process of the engine was lost")
    monkeypatch.undo()
    assert train("--resume")[0] == 0
