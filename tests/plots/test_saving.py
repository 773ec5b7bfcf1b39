"""Pictures as files: their formats, what they replace, and the places that are refused."""

import io
import os
import sys
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from PIL import Image

from graphnn.errors import GraphError
from graphnn.plots.saving import check_picture, picture_bytes, save_picture


@pytest.fixture
def figure() -> Figure:
    made = Figure(figsize=(2, 1), dpi=50)
    made.add_subplot().plot([1, 2])
    return made


def test_a_picture_is_written_in_the_format_of_its_name(figure: Figure, tmp_path: Path) -> None:
    for name in ("a.png", "b.SVG"):
        save_picture(figure, tmp_path / name)
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.size == (100, 50)
    assert (tmp_path / "b.SVG").read_text().rstrip().endswith("</svg>")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.png", "b.SVG"]


@pytest.mark.parametrize("kind", [".png", ".svg"])
def test_the_same_figure_gives_the_same_bytes(figure: Figure, kind: str) -> None:
    first = picture_bytes(figure, kind)
    assert picture_bytes(figure, kind) == first
    assert b"<dc:date>" not in first


def test_a_picture_drawn_here_is_replaced_also_through_a_link(figure: Figure, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    link, target = tmp_path / "curves.svg", tmp_path / "there" / "real.svg"
    link.symlink_to(target)
    save_picture(figure, link)
    first = target.read_bytes()
    figure.axes[0].set_title("changed")
    save_picture(figure, link)
    assert link.is_symlink()
    assert target.read_bytes() != first


def test_what_a_killed_process_left_is_removed(figure: Figure, tmp_path: Path) -> None:
    (tmp_path / ".graphnn-0123456789abcdef.tmp").write_bytes(b"half a picture")
    save_picture(figure, tmp_path / "curves.png")
    assert [each.name for each in tmp_path.iterdir()] == ["curves.png"]


def photograph() -> bytes:
    file = io.BytesIO()
    Image.new("L", (3, 3)).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(("name", "content"), [("me.png", photograph()), ("me.svg", b"<svg/>"), ("me.png", b"")])
def test_a_file_that_was_not_drawn_here_is_not_replaced(
    figure: Figure, tmp_path: Path, name: str, content: bytes
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(GraphError, match=rf"{name}: was not drawn by graphnn, so it is not replaced"):
        save_picture(figure, file)
    assert file.read_bytes() == content


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("curves.pdf", "written as .png or .svg, not as .pdf; name it .*curves.png, for example"),
        ("curves", "written as .png or .svg, and this name has no ending; name it .*curves.png"),
        ("none/curves.png", "there is no folder .*none; make it first"),
        ("folder.png", "folder.png: is a folder, not a regular file"),
        ("", "and this name has no ending; name it .*/curves.png, for example"),
        ("..", "and this name has no ending; name it .*/../curves.png, for example"),
    ],
)
def test_a_place_where_no_picture_can_be_is_refused(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(GraphError, match=said):
        check_picture(tmp_path / name)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_not_writable_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(GraphError, match=r"curves.png: cannot be written: Permission denied"):
        check_picture(tmp_path / "curves.png")


def test_without_matplotlib_the_command_that_installs_it_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(GraphError, match=r"needs matplotlib: \S+ -m pip install 'graphnn\[report\]'"):
        check_picture(tmp_path / "curves.png")
