"""runs --plot and --only: the curves of the listed runs in one picture."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from PIL import Image

from graphnn.commands import runs as command
from graphnn.text.installing import extra_command

Graphnn = Callable[..., "CompletedProcess[str]"]


def test_the_curves_of_the_listed_runs_are_drawn_beside_the_document(graphnn: Graphnn, trained: Path) -> None:
    done, picture = graphnn("runs", "--plot", trained), trained.with_name("net.runs.png")
    assert done.returncode == 0
    assert "finished" in done.stdout
    assert done.stdout.endswith(f"{picture} shows the curves of run 1.\n")
    with Image.open(picture) as opened:
        assert opened.width > 1000
    assert graphnn("runs", trained, "--plot").returncode == 0  # it replaces its own picture


def test_what_programs_read_has_no_line_about_the_picture(graphnn: Graphnn, trained: Path) -> None:
    picture = trained.with_name("curves.svg")
    done = graphnn("runs", trained, "--only", "1", "--format", "json", "--plot", picture)
    assert [each["run"] for each in json.loads(done.stdout)] == [1]
    assert done.stderr == f"{picture} shows the curves of run 1.\n"
    assert "<!-- net -->" in picture.read_text()


def test_runs_that_are_not_there_are_named(graphnn: Graphnn, trained: Path) -> None:
    done = graphnn("runs", trained, "--only", "1,3", "--plot")
    assert (done.returncode, done.stderr) == (2, f"{trained.with_name('net.runs')}: there is no run 3, only run 1\n")


def test_nothing_to_draw_is_an_error_after_the_list(graphnn: Graphnn, document: Path) -> None:
    done = graphnn("runs", document, "--plot")
    assert "no run yet; train it" in done.stdout
    assert (done.returncode, done.stderr) == (
        2,
        f"{document.with_name('net.runs.png')}: no run has finished an epoch, so there are no curves to draw\n",
    )


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("curves.pdf", "curves.pdf: pictures are written as .png or .svg, not as .pdf"),
        ("folder.png", "folder.png: is a folder, not a regular file"),
        ("net.runs/0001/curves.png", "0001, the folder of a run, into which nothing else is written"),
        ("link.png", "0001, the folder of a run, into which nothing else is written"),
        ("none/curves.png", "there is no folder"),
        ("mine.png", "mine.png: was not drawn by graphnn, so it is not replaced"),
    ],
)
def test_a_wrong_place_is_refused_before_anything_is_shown(
    graphnn: Graphnn, trained: Path, name: str, said: str
) -> None:
    (trained.parent / "folder.png").mkdir()
    (trained.parent / "link.png").symlink_to(trained.with_name("net.runs") / "0001" / "curves.png")
    (trained.parent / "mine.png").write_bytes(b"my photograph")
    done = graphnn("runs", trained, "--plot", trained.parent / name)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert (trained.parent / "mine.png").read_bytes() == b"my photograph"


def test_without_matplotlib_the_command_that_installs_it_is_named(
    graphnn: Graphnn, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    done = graphnn("runs", trained, "--plot")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"drawing pictures needs matplotlib: {extra_command('report')}\n"


@pytest.mark.parametrize("option", [("--plot",), ("--only", "1")])
def test_what_is_for_the_list_is_refused_beside_promote(graphnn: Graphnn, trained: Path, option: tuple[str]) -> None:
    done = graphnn("runs", trained, *option, "--promote", "1")
    assert done.returncode == 2
    assert f"{option[0]} is for the list of runs, and changes nothing with --promote" in done.stderr


@pytest.mark.parametrize(
    ("argv", "plot", "document"),
    [
        (["a.json", "--plot"], command.BESIDE, "a.json"),
        (["--plot", "a.json"], command.BESIDE, "a.json"),
        (["--plot", "c.PNG", "a.json"], "c.PNG", "a.json"),
        (["a.json", "--plot", "c.pdf"], "c.pdf", "a.json"),
        (["--plot", "--", "a.svg"], command.BESIDE, "a.svg"),
        (["--plot", "--only", "1", "a.json"], command.BESIDE, "a.json"),
        (["--", "--plot"], None, "--plot"),
    ],
)
def test_the_picture_is_told_from_the_document(argv: list[str], plot: str | None, document: str) -> None:
    found = command.parser().parse(command.arguments_of(argv))
    assert (found.plot, found.spec) == (plot, Path(document))
