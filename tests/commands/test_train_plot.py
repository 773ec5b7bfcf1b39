"""train --plot: the curves of a training in a picture, whatever way it ends."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from graphnn.runs import curve_picture
from graphnn.runs import run as training_run
from graphnn.text.installing import extra_command

Train = Callable[..., tuple[int, str, str]]


@pytest.fixture
def picture(document: Path) -> Path:
    return document.with_name("curves.svg")


def interrupt_after(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = iter([False] * steps + [True] * 99)
    monkeypatch.setattr(training_run.StopRequest, "__call__", lambda request: next(asked))


def test_the_curves_are_drawn_at_the_end(train: Train, picture: Path) -> None:
    code, out, _ = train("--plot", picture, "--set", "data.validation_split=0")
    assert code == 0
    assert f"{picture} shows its curves.\nFinal test loss" in out
    text = picture.read_text()
    assert all(f"<!-- {name} -->" in text for name in ("net, run 1", "loss", "accuracy", "learning rate"))
    assert "<!-- best" not in text  # nothing is validated


def test_the_best_epoch_is_marked_that_the_document_keeps(train: Train, picture: Path) -> None:
    options = ("data.validation_split=0.2", "training.keep_best=validation_accuracy")
    assert train("--plot", picture, *(word for option in options for word in ("--set", option)))[0] == 0
    assert "<!-- best validation accuracy, epoch " in picture.read_text()


def test_an_interrupted_training_has_its_curves_and_goes_on_with_them(
    train: Train, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt_after(30, monkeypatch)
    code, _, err = train("--plot", picture)
    assert code == 130
    saved, weights, drawn, _, again = err.splitlines()[-5:]
    assert "saved in" in saved
    assert "last.npz holds the weights after epoch 1." in weights
    assert drawn == f"{picture} shows its curves."
    assert again.endswith(f"--plot {picture} --resume 1")
    first = picture.read_bytes()
    monkeypatch.undo()
    assert train("--plot", picture, "--resume", "1")[0] == 0
    assert picture.read_bytes() != first


def test_before_the_first_epoch_there_is_nothing_to_draw(
    train: Train, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt_after(3, monkeypatch)
    code, _, err = train("--plot", picture)
    assert (code, picture.exists()) == (130, False)
    assert f"{picture} was not drawn, because no epoch was finished." in err


def test_a_training_that_diverges_has_its_curves(train: Train, picture: Path) -> None:
    points = "[[0, 1], [0.5, 1], [0.51, 1e36]]"
    schedule = f'optimizer.schedule={{"type": "piecewise_linear", "points": {points}}}'
    code, _, err = train("--plot", picture, "--set", schedule)
    assert code == 3
    assert f"{picture} shows its curves." in err
    assert "<!-- net, run 1 -->" in picture.read_text()


def test_it_is_drawn_anew_after_an_epoch_when_the_last_drawing_is_long_ago(
    train: Train, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = []
    monkeypatch.setattr(curve_picture, "save_picture", lambda figure, path: drawn.append(path))
    assert train("--plot", picture)[0] == 0
    assert drawn == [picture]
    monkeypatch.setattr(curve_picture, "DRAWN_EVERY", 0.0)
    assert train("--plot", picture)[0] == 0
    assert len(drawn) == 1 + 3 + 1


def test_a_picture_that_cannot_be_written_stops_no_training(
    train: Train, document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    monkeypatch.setattr(curve_picture, "DRAWN_EVERY", 0.0)
    monkeypatch.setattr(
        training_run.SideProducts, "update", once(training_run.SideProducts.update, lambda: shutil.rmtree(folder))
    )
    code, out, err = train("--plot", folder / "curves.png")
    assert code == 2
    said = f"{folder / 'curves.png'}: there is no folder {folder}; make it first"
    assert err == f"note: {said}; the training goes on\n{said}\n"
    assert "Final test accuracy" in out
    assert document.with_suffix(".npz").is_file()


def once(function: Callable[..., None], act: Callable[[], None]) -> Callable[..., None]:
    """Return the function, with `act` done before the first call."""
    acts = [act]

    def call(*arguments: object) -> None:
        while acts:
            acts.pop()()
        function(*arguments)

    return call


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("curves.gif", "curves.gif: pictures are written as .png or .svg, not as .gif"),
        ("there.png", "there.png: is a folder, not a regular file"),
        ("none/curves.png", "there is no folder"),
        ("net.json.png", "net.json.png: was not drawn by graphnn"),
    ],
)
def test_a_wrong_place_is_refused_before_anything_is_trained(
    train: Train, document: Path, name: str, said: str
) -> None:
    (document.parent / "there.png").mkdir()
    (document.parent / "net.json.png").write_bytes(b"mine")
    code, out, err = train("--plot", document.parent / name)
    assert (code, out) == (2, "")
    assert said in err
    assert not document.with_suffix(".runs").exists()


def test_without_matplotlib_nothing_is_trained(train: Train, picture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert train("--plot", picture) == (
        2,
        "",
        f"drawing pictures needs matplotlib: {extra_command('report')}\n",
    )


def test_a_dry_run_draws_nothing(train: Train, picture: Path) -> None:
    assert train("--plot", picture, "--dry-run")[0] == 0
    assert not picture.exists()
