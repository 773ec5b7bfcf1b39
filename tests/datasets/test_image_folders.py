"""Folders of pictures: which are classes, which are parts, what is left out, and what is refused."""

import os
import sys
from pathlib import Path

import pytest

from graphnn.datasets.base import SettingError
from graphnn.datasets.image_folders import list_pictures

UNIX = pytest.mark.skipif(sys.platform != "linux", reason="what names a file may have depends on the system")


def put(root: Path, *paths: str) -> Path:
    """Make empty files below root; nothing here opens them."""
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()
    return root


def refusal(root: Path) -> str:
    with pytest.raises(SettingError) as caught:
        list_pictures(root)
    assert caught.value.key == "path"
    return str(caught.value).replace(f"{root.parent}{os.sep}", "")


def test_each_folder_is_a_class_and_names_are_sorted(tmp_path: Path) -> None:
    found = list_pictures(put(tmp_path / "a", "dog/2.JPG", "dog/1.png", "cat/x.jpeg", "Bird/y.webp"))
    assert found.classes == ("Bird", "cat", "dog")
    assert list(found.parts) == ["train"]
    assert found.parts["train"].paths == ("Bird/y.webp", "cat/x.jpeg", "dog/1.png", "dog/2.JPG")
    assert found.parts["train"].labels.tolist() == [0, 1, 2, 2]
    assert found.notes == ()


def test_folders_within_a_class_belong_to_it(tmp_path: Path) -> None:
    found = list_pictures(put(tmp_path / "a", "cat/1.png", "cat/2020/b/2.png", "cat/2019/3.png", "dog/4.png"))
    assert found.parts["train"].paths == ("cat/1.png", "cat/2019/3.png", "cat/2020/b/2.png", "dog/4.png")


@pytest.mark.parametrize(
    ("folders", "expected"),
    [
        (("train", "test"), {"train": "train", "test": "test"}),
        (("Train", "TEST", "Val"), {"train": "Train", "test": "TEST", "validation": "Val"}),
        (("training", "testing", "validation"), {"train": "training", "test": "testing", "validation": "validation"}),
        (("train", "valid"), {"train": "train", "test": "valid"}),
        (("train",), {"train": "train"}),
    ],
)
def test_folders_of_parts(tmp_path: Path, folders: tuple[str, ...], expected: dict[str, str]) -> None:
    root = put(tmp_path / "a", *(f"{folder}/{name}/1.png" for folder in folders for name in ("cat", "dog")))
    found = list_pictures(root)
    assert {part: each.folder for part, each in found.parts.items()} == expected
    assert found.classes == ("cat", "dog")
    for each in found.parts.values():
        assert each.paths == (f"{each.folder}/cat/1.png", f"{each.folder}/dog/1.png")


def test_a_class_of_trains_is_no_part(tmp_path: Path) -> None:
    found = list_pictures(put(tmp_path / "a", "train/1.png", "bus/1.png", "test/1.png"))
    assert found.classes == ("bus", "test", "train")


def test_what_systems_leave_is_passed_over_and_other_files_are_told(tmp_path: Path) -> None:
    root = put(
        tmp_path / "a", "cat/1.png", "dog/1.png", "cat/.hidden.png", "cat/Thumbs.db", ".git/x.png", "dog/desktop.ini"
    )
    put(root, "__MACOSX/x.png", ".DS_Store")
    assert list_pictures(root).notes == ()
    put(root, "cat/about.txt")
    assert list_pictures(root).notes == (
        f"{root}: cat/about.txt is left out; by its suffix it is no picture that is read",
    )
    put(root, "list.csv", "dog/2.heic", "dog/README", "3.png", "4.png")
    assert list_pictures(root).notes == (
        f"{root}: 3.png, 4.png belong to no class, and so to no part of the data",
        f"{root}: 4 files are left out; by their suffixes (.csv, .heic, .txt, none) they are no pictures that are read",
    )


def test_folders_beside_the_parts_and_pictures_without_labels_are_told(tmp_path: Path) -> None:
    root = put(tmp_path / "a", "train/cat/1.png", "train/dog/1.png", "test/7.png", "models/a.txt")
    found = list_pictures(root)
    assert list(found.parts) == ["train"]
    assert found.notes == (f"{root}: models/, test/ belong to no class, and so to no part of the data",)
    put(root, "train/2.png")
    assert list_pictures(root).notes == (
        f"{root}: train/2.png, models/, test/ belong to no class, and so to no part of the data",
    )


def test_links_are_followed(tmp_path: Path) -> None:
    put(tmp_path / "b", "1.png", "2.png")
    root = put(tmp_path / "a", "dog/1.png")
    (root / "cat").symlink_to(tmp_path / "b")
    (root / "dog" / "2.png").symlink_to(tmp_path / "b" / "2.png")
    assert list_pictures(root).parts["train"].paths == ("cat/1.png", "cat/2.png", "dog/1.png", "dog/2.png")


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        ((), "a: holds no pictures; they belong in a folder for each class"),
        (
            ("x.txt",),
            "a: holds no pictures; they belong in a folder for each class; x.txt is none by its suffix; read are ",
        ),
        (("1.png",), "a: holds a picture, but no folders; data.path is the folder in which each class has a folder"),
        (("1.png", "2.jpg"), "a: holds 2 pictures, but no folders; data.path is "),
        (
            ("cat/1.png",),
            'a: holds pictures of one class only, "cat", where two or more are to be told apart; data.path',
        ),
        (("cat/1.png", "dog/x.txt"), "a: dog holds no pictures; put some there, or remove it"),
        (("cat/1.png", "dog/x", "cow/x"), "a: cow, dog hold no pictures; put some there, or remove them"),
        (
            ("cat/a.heic", "dog/b.heic"),
            "a: holds no pictures in cat, dog; cat/a.heic is none by its suffix; read are .png",
        ),
        (
            ("b/cat/1.png", "b/dog/1.png"),
            "a: its folders hold folders, but no pictures: b; data.path is the folder in which each class has a "
            "folder, as a/b has for cat",
        ),
        (
            ("x/y/z/1.png", "x/y/w/1.png"),
            "a: its folders hold folders, but no pictures: x; data.path is the folder in ",
        ),
        (("train/1.png", "test/1.png"), "a/train: holds a picture, but no folders; data.path is "),
        (
            ("train/cat/1.png",),
            'a/train: holds pictures of one class only, "cat", where two or more are to be ',
        ),
        (("test/cat/1.png", "val/cat/1.png"), "a: has test, val, but no folder train"),
        (
            ("train/cat/1.png", "train/dog/1.png", "Train/cat/1.png", "Train/dog/1.png"),
            "a: Train and train are the same part; keep one of them",
        ),
        (
            ("train/cat/1.png", "train/dog/1.png", "test/cat/1.png", "test/dogs/1.png"),
            'a/test/dogs: there is no class "dogs" in train; did you mean "dog"?',
        ),
        (
            ("train/cat/1.png", "train/dog/1.png", "test/cat/1.png", "val/cat/1.png", "val/dog/1.png", "val/cow/1.png"),
            'a/test: has no folder "dog", a class in train\na/val/cow: there is no class "cow" in train',
        ),
    ],
)
def test_what_is_refused(tmp_path: Path, paths: tuple[str, ...], message: str) -> None:
    (tmp_path / "a").mkdir()
    told = refusal(put(tmp_path / "a", *paths))
    assert sorted(told.splitlines()) == sorted(message.splitlines()) or told.startswith(message)


@UNIX
@pytest.mark.parametrize("names", [("Cat", "cat"), ("caf\u00e9", "cafe\u0301")])
def test_names_that_are_nearly_the_same_are_refused(tmp_path: Path, names: tuple[str, str]) -> None:
    told = refusal(put(tmp_path / "a", *(f"{name}/1.png" for name in names)))
    assert "would be two classes, but their names differ in case only, or in how accents are stored; join them" in told


def test_accents_are_stored_in_one_way(tmp_path: Path) -> None:
    assert list_pictures(put(tmp_path / "a", "cafe\u0301/1.png", "b/1.png")).classes == ("b", "caf\u00e9")


@UNIX
def test_a_name_that_is_not_utf8(tmp_path: Path) -> None:
    root = put(tmp_path / "a", "b/1.png")
    (root / os.fsdecode(b"caf\xe9")).mkdir()
    assert refusal(root) == "a/caf\udce9: its name is not UTF-8; rename it"


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    put(tmp_path / "animals", "cat/1.png")
    assert refusal(tmp_path / "anmials") == 'anmials: no such folder; did you mean "animals"?'
    assert refusal(tmp_path / "xyz") == "xyz: no such folder; data.path is relative to the document"
    with pytest.raises(SettingError, match=r"/x/y: no such folder, nor a folder .*/x; data\.path is relative"):
        list_pictures(tmp_path / "x" / "y")


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    put(tmp_path, "a.zip", "a.png")
    assert refusal(tmp_path / "a.png") == "a.png: is a file, not a folder with a folder for each class"
    assert refusal(tmp_path / "a.zip").endswith("with a folder for each class; unpack it")


def test_a_link_that_never_ends(tmp_path: Path) -> None:
    root = put(tmp_path / "a", "cat/1.png", "dog/1.png")
    (root / "cat" / "all").symlink_to(root)
    assert refusal(root) == "a/cat/all: is a link to a folder that it lies in; remove it"


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="who may read everything is not refused")
def test_a_folder_that_may_not_be_read(tmp_path: Path) -> None:
    root = put(tmp_path / "a", "cat/1.png", "dog/1.png")
    (root / "cat").chmod(0)
    try:
        assert refusal(root) == "a/cat: cannot be read: Permission denied"
    finally:
        (root / "cat").chmod(0o700)
