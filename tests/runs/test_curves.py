"""The curves of runs: which are drawn, under which names, and which epoch is the best."""

from pathlib import Path
from typing import Any

import pytest

from graphnn.errors import GraphError
from graphnn.runs.curves import MOST, best_epoch, plot_runs
from graphnn.runs.facts import FINISHED
from graphnn.runs.folder import RunFolder
from graphnn.runs.listing import ListedRun
from graphnn.training.history import Record

HEAD = "epoch,loss,accuracy,validation_loss,validation_accuracy,learning_rate,seconds,images_per_second\n"


def listed(folder: Path, number: int, lines: str = "1,2.0,0.5,1.5,0.6,0.1,1.0,10.0\n") -> ListedRun:
    """Return a run in a folder with a history of these lines."""
    run = RunFolder(folder / f"{number:04}")
    run.path.mkdir(parents=True)
    run.history.write_text(HEAD + lines)
    return ListedRun(run, None, None, FINISHED, False, 1, {}, (("optimizer.learning_rate", "0.5"),), (), 0, False)


def records(*validation: tuple[float, float] | None) -> list[Record]:
    """Return epochs with these losses and accuracies in validation."""
    validated = [values and dict(zip(("loss", "accuracy"), values, strict=True)) for values in validation]
    return [Record(1 + at, {"loss": 1.0, "accuracy": 0.5}, each, 0.1, 1, 1) for at, each in enumerate(validated)]


@pytest.mark.parametrize(
    ("training", "best"),
    [
        ({}, (2, "loss")),
        ({"keep_best": "validation_accuracy", "early_stopping": {"monitor": "validation_loss"}}, (3, "accuracy")),
        ({"early_stopping": {"monitor": "validation_accuracy"}}, (3, "accuracy")),
        ({"keep_best": "validation_r2"}, None),
        (["damaged"], (2, "loss")),
    ],
)
def test_the_best_epoch_is_by_the_figure_that_the_document_watches(training: Any, best: tuple[int, str] | None) -> None:
    assert best_epoch(records((2.0, 0.1), (1.0, 0.7), (1.5, 0.9), None), {"training": training}) == best
    assert best_epoch(records(None, None), {"training": training}) is None


def test_the_latest_runs_are_drawn_where_there_are_too_many(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = [listed(tmp_path, number) for number in range(1, MOST + 3)]
    picture = tmp_path / "curves.svg"
    assert plot_runs(runs, picture, "net") == f"{picture} shows the curves of runs 3…{MOST + 2}."
    assert capsys.readouterr().err == (
        f"note: of {MOST + 2} runs, the latest {MOST} are drawn; --only 1-{MOST} draws others, for example\n"
    )
    text = picture.read_text()
    assert "<!-- run 3: optimizer.learning_rate 0.5 -->" in text
    assert "<!-- run 2: " not in text


def test_a_run_with_a_damaged_history_is_left_out_with_a_note(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = [listed(tmp_path, 1, "7,nonsense\n"), listed(tmp_path, 2), listed(tmp_path, 3, "")]
    picture = tmp_path / "curves.png"
    assert plot_runs(runs, picture, "net") == f"{picture} shows the curves of run 2."
    assert "history.csv:2: '7,nonsense' is not the line of an epoch" in capsys.readouterr().err
    with pytest.raises(GraphError, match="no run has finished an epoch, so there are no curves to draw"):
        plot_runs(runs[2:], picture, "net")
