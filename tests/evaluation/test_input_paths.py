"""The files that folders, patterns and lists stand for."""

from pathlib import Path

import pytest

from graphnn.errors import DataError
from graphnn.evaluation.input_paths import InputPaths, is_pattern, listed_paths, natural_order

PICTURES = (".png", ".jpg")


def files(folder: Path, *names: str) -> None:
    """Make empty files."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def found(folder: Path, *inputs: str) -> tuple[list[str], list[str], InputPaths]:
    """Return the files of inputs below a folder, relative to it, the failures, and who found them."""
    failures: list[str] = []
    paths = InputPaths(PICTURES, failures.append)
    names = [str(path.relative_to(folder)) for path in paths.all(folder / one for one in inputs)]
    return names, [text.replace(f"{folder}/", "") for text in failures], paths


def test_a_folder_gives_its_pictures_as_people_count(tmp_path: Path) -> None:
    files(tmp_path, "a/10.png", "a/2.PNG", "a/b2/1.jpg", "a/b10/1.jpg", "a/b1.png", "a/notes.txt", "a/data.npy")
    files(tmp_path, "a/.hidden.png", "a/.git/1.png", "a/__MACOSX/1.png", "a/Thumbs.db", "a/net.runs/0001/curves.png")
    names, failures, paths = found(tmp_path, "a")
    assert names == ["a/2.PNG", "a/10.png", "a/b1.png", "a/b2/1.jpg", "a/b10/1.jpg"]
    assert failures == []
    assert paths.messages() == [
        f"2 files are no picture by their suffixes, and were skipped, the first is {tmp_path}/a/data.npy"
    ]


def test_a_file_is_taken_by_its_name_whatever_it_is(tmp_path: Path) -> None:
    files(tmp_path, "a.txt", "photo[1].png", "what?.png")
    assert found(tmp_path, "a.txt", "photo[1].png", "what?.png", "none.png")[:2] == (
        ["a.txt", "photo[1].png", "what?.png", "none.png"],
        [],
    )


def test_patterns(tmp_path: Path) -> None:
    files(tmp_path, "a/1.png", "a/10.png", "a/9.png", "a/c/3.jpg", "a/c/d/4.png", "a/x.txt", "b/1.png")
    assert found(tmp_path, "a/*.png")[0] == ["a/1.png", "a/9.png", "a/10.png"]
    assert found(tmp_path, "a/**/*.png")[0] == ["a/1.png", "a/9.png", "a/10.png", "a/c/d/4.png"]
    assert found(tmp_path, "?/1.png")[0] == ["a/1.png", "b/1.png"]
    everything = ["a/1.png", "a/9.png", "a/10.png", "a/c/3.jpg", "a/c/d/4.png"]
    assert found(tmp_path, "a/*")[0] == everything  # with the folder that matches, as where a shell expands it
    names, _, paths = found(tmp_path, "a/**")
    assert (names, paths.skipped) == (everything, 1)


def test_what_gives_no_file_is_told(tmp_path: Path) -> None:
    files(tmp_path, "empty/sub/a.txt", "other/1.png")
    names, failures, paths = found(tmp_path, "empty", "x*/*.png", "other")
    assert names == ["other/1.png"]
    assert failures == [
        "empty: holds no picture, and no folder in it does",
        "x*/*.png: no picture matches this pattern",
    ]
    assert paths.messages() == [f"{tmp_path}/empty/sub/a.txt: is no picture by its suffix, and was skipped"]


def test_links_are_followed_and_end(tmp_path: Path) -> None:
    files(tmp_path, "a/b/1.png", "c/2.png")
    (tmp_path / "a/b/up").symlink_to(tmp_path / "a")
    (tmp_path / "a/c").symlink_to(tmp_path / "c")
    assert found(tmp_path, "a")[0] == ["a/b/1.png", "a/c/2.png"]


def test_numbers_in_names_are_compared_as_numbers() -> None:
    names = ["a10b2", "a9", "a10b10", "a", "b1", "A1", "a09", "1", "²"]
    assert sorted(names, key=natural_order) == ["1", "A1", "a", "a09", "a9", "a10b2", "a10b10", "b1", "²"]


def test_a_list_of_paths() -> None:
    here = Path("list")
    assert listed_paths(b"a.png\nb c.png\r\n\n", here) == [Path("a.png"), Path("b c.png")]
    assert listed_paths(b"a\nb.png\0c.png\0", here) == [Path("a\nb.png"), Path("c.png")]
    with pytest.raises(DataError, match="list: lists no files"):
        listed_paths(b"\n", here)


def test_what_is_a_pattern(tmp_path: Path) -> None:
    files(tmp_path, "a[1].png")
    assert [is_pattern(tmp_path / name) for name in ("a[1].png", "a[2].png", "b.png", "*")] == [
        False,
        True,
        False,
        True,
    ]
