"""The data set "images": its parts, classes and labels, damaged files, and what its settings may not say."""

import runpy
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from graphnn.datasets import labelled_pictures
from graphnn.datasets.base import Dataset, SettingError
from graphnn.datasets.batches import draw_test_part, split
from graphnn.datasets.images import Images
from graphnn.datasets.limit import limited
from graphnn.datasets.loading import load
from graphnn.errors import DataError
from graphnn.runs.data_notes import input_notes
from graphnn.specification.schema import load_schema

MAKE = runpy.run_path(str(Path(__file__).with_name("picture_folders.py")))["make"]


def loaded(folder: Path, **settings: object) -> Dataset:
    return load("images", path=folder, settings={"size": 6, **settings})


def numbered(root: Path, folders: dict[str, range]) -> Path:
    """Put pictures of one grey each, which is their number, into folders."""
    for folder, numbers in folders.items():
        (root / folder).mkdir(parents=True)
        for number in numbers:
            Image.new("L", (6, 6), number).save(root / folder / f"{number:03}.png")
    return root


def greys(x: np.ndarray) -> list[int]:
    assert (x == x[:, :1, :1, :1]).all()
    found: list[int] = x[:, 0, 0, 0].tolist()
    return found


def test_the_test_part_is_drawn_class_by_class(tmp_path: Path) -> None:
    root = numbered(tmp_path / "a", {"cat": range(60), "cow": range(60, 70), "dog": range(100, 130)})
    data = loaded(root, seed=4)
    assert (data.name, data.classes, data.shape) == ("a", ("cat", "cow", "dog"), (3, 6, 6))
    assert data.x_train.dtype == np.uint8
    assert data.x_train.transpose(0, 2, 3, 1).flags.c_contiguous
    labels = np.repeat([0, 1, 2], [60, 10, 30])
    train, test = draw_test_part(labels, 0.2, 4)
    numbers = np.array([*range(70), *range(100, 130)])
    assert greys(data.x_train) == numbers[train].tolist()
    assert greys(data.x_test) == numbers[test].tolist()
    assert data.y_test.tolist() == labels[test].tolist() == [0] * 12 + [1] * 2 + [2] * 6
    assert (
        data.notes[0]
        == f"{root}: 100 pictures of 3 classes: cat, cow, dog; 20 held out as the test part by data.seed 4"
    )
    assert len(loaded(root, test_split=0.5).x_test) == 50
    assert data.stratified


def test_the_parts_are_those_of_the_folders(tmp_path: Path) -> None:
    folders = {"train/a": range(3), "train/b": range(10, 13), "test/a": range(20, 22), "test/b": range(30, 31)}
    root = numbered(tmp_path / "x", folders)
    data = loaded(root)
    assert (greys(data.x_train), data.y_train.tolist()) == ([0, 1, 2, 10, 11, 12], [0, 0, 0, 1, 1, 1])
    assert (greys(data.x_test), data.y_test.tolist()) == ([20, 21, 30], [0, 0, 1])
    assert data.notes[0] == f"{root}: 9 pictures of 2 classes: a, b; 3 in test are the test part"
    assert data.own_validation == 0


def test_a_validation_part_of_its_own(tmp_path: Path) -> None:
    folders = {"train/a": range(8), "train/b": range(10, 18), "val/a": range(20, 24), "val/b": range(30, 33)}
    root = numbered(tmp_path / "x", {**folders, "test/a": range(40, 41), "test/b": range(50, 51)})
    data = loaded(root)
    assert data.own_validation == 7
    training, validation = split(data.y_train, 0.1, 0, stratified=True, own=data.own_validation)
    assert sorted(greys(data.x_train[training])) == [*range(8), *range(10, 18)]
    assert greys(data.x_train[validation]) == [*range(20, 24), *range(30, 33)]
    assert training.tolist() != sorted(training)
    assert greys(data.x_test) == [40, 50]
    assert data.notes[0].endswith(
        "25 pictures of 2 classes: a, b; 7 in val are the validation part; 2 in test are the test part"
    )
    few = limited(data, 12, 0)
    training, validation = split(few.y_train, 0.1, 0, stratified=True, own=few.own_validation)
    assert set(greys(few.x_train[training])) < {*range(8), *range(10, 18)}
    assert set(greys(few.x_train[validation])) < {*range(20, 24), *range(30, 33)}
    assert few.summaries == {}
    with pytest.raises(
        DataError, match=r"^--limit 1 leaves no samples of the (validation|training) part; take a larger"
    ):
        limited(data, 1, 0)


@pytest.mark.parametrize(
    ("parts", "settings", "message"),
    [
        (("train", "test"), {"test_split": 0.2}, "test is the test part already; leave test_split out, or "),
        (("train", "val"), {"test_split": 0.3}, "val is the test part already; leave test_split out, or "),
        (("train", "test", "val"), {"validation_split": 0}, "val is the validation part already; leave validation_spl"),
        (
            ("train", "test", "val"),
            {"validation_split": 0.2},
            "val is the validation part already; leave validation_spl",
        ),
    ],
)
def test_a_fraction_of_a_part_that_is_there(
    parts: tuple[str, ...], settings: dict[str, float], message: str, tmp_path: Path
) -> None:
    root = MAKE(tmp_path / "x", {f"{part}/{name}": 2 for part in parts for name in "ab"})
    with pytest.raises(SettingError) as caught:
        loaded(root, **settings)
    assert message in str(caught.value)
    assert [caught.value.key] == list(settings)


def test_the_usual_fractions_are_those_of_the_schema() -> None:
    properties = load_schema().properties("data", "images")
    assert properties["validation_split"]["default"] == labelled_pictures.VALIDATION_SPLIT
    assert f"{labelled_pictures.TEST_SPLIT:g} if left out" in properties["test_split"]["description"]


@pytest.mark.parametrize(
    ("data", "shape"),
    [
        ({"size": 8}, (3, 8, 8)),
        ({"size": (8, 6), "color": "rgb"}, (3, 8, 6)),
        ({"size": [5, 6], "color": "grey"}, (1, 5, 6)),
    ],
)
def test_the_shape_follows_from_the_document(data: dict[str, object], shape: tuple[int, ...], tmp_path: Path) -> None:
    assert Images.shape_in(data) == shape
    root = MAKE(tmp_path / "x", {"a": 3, "b": 3})
    assert load("images", path=root, settings=data).shape == shape


def break_some(root: Path, *names: str) -> None:
    for name in names:
        (root / name).write_bytes(b"no picture")


def test_a_few_damaged_files_are_left_out_with_a_note(tmp_path: Path) -> None:
    root = MAKE(tmp_path / "x", {"a": 150, "b": 50})
    break_some(root, "a/007.png")
    (root / "b" / "000.png").write_bytes((root / "b" / "001.png").read_bytes()[:-30])
    for _ in range(2):  # the second time from what was decoded
        data = loaded(root)
        assert len(data.x_train) + len(data.x_test) == 198
        assert np.bincount(np.concatenate([data.y_train, data.y_test])).tolist() == [149, 49]
        assert data.notes[1] == (
            f"{root}: 2 of 200 pictures cannot be read and are left out: a/007.png is not a picture of a kind that is "
            "read: PNG, JPEG, WebP, BMP, GIF, TIFF, PPM or PGM; b/000.png is damaged: image file is truncated"
        )


def test_more_damaged_files_stop_it_unless_they_are_to_be_skipped(tmp_path: Path) -> None:
    root = MAKE(tmp_path / "x", {"a": 30, "b": 30})
    break_some(root, *(f"a/{number:03}.png" for number in range(5)))
    with pytest.raises(SettingError) as caught:
        loaded(root)
    told = str(caught.value)
    assert told.startswith(
        f"{root}: 5 of 60 pictures cannot be read, more than 1 %: a/000.png is not a picture of a kind "
    )
    assert told.endswith('; and 2 more; repair or remove them, or set data.damaged to "skip", which leaves them out')
    assert told.count("is not a picture") == 3
    data = loaded(root, damaged="skip")
    assert np.bincount(np.concatenate([data.y_train, data.y_test])).tolist() == [25, 30]


def test_nothing_that_can_be_read(tmp_path: Path) -> None:
    root = MAKE(tmp_path / "x", {"a": 4, "b": 8})
    break_some(root, *(f"a/{number:03}.png" for number in range(4)))
    with pytest.raises(SettingError, match="none of the pictures of a to train on can be read"):
        loaded(root, damaged="skip")
    break_some(root, *(f"b/{number:03}.png" for number in range(8)))
    with pytest.raises(SettingError, match=r"none of the 12 pictures can be read: a/000\.png is not a picture"):
        loaded(root, damaged="skip")


def test_files_that_may_not_be_read_are_named(tmp_path: Path) -> None:
    root = MAKE(tmp_path / "x", {"a": 4, "b": 8})
    (root / "a" / "9.png").symlink_to("nowhere.png")
    with pytest.raises(
        SettingError, match=r"1 of 13 pictures cannot be read.*: a/9.png cannot be read: No such file or dir"
    ):
        loaded(root)


def test_a_class_of_one_picture_is_told(tmp_path: Path) -> None:
    root = MAKE(tmp_path / "x", {"a": 30, "b": 1})
    data = loaded(root)
    assert data.y_test.tolist() == [0] * 6
    assert data.notes[1] == f"{root}: there is a single picture to train on of the class b, too few to learn from"


def test_a_picture_in_two_parts_or_classes_is_told(tmp_path: Path) -> None:
    folders = {"train/a": range(4), "train/b": range(10, 14), "test/a": range(20, 24), "test/b": range(30, 34)}
    root = numbered(tmp_path / "x", folders)
    assert len(loaded(root).notes) == 2
    shutil.copy(root / "train" / "a" / "001.png", root / "test" / "a" / "021.png")
    shutil.copy(root / "train" / "a" / "002.png", root / "train" / "a" / "copy.png")
    assert loaded(root).notes[1:] == (
        f"{root}: 1 picture is held out, but also trained on; the first is test/a/021.png, the same as train/a/001.png",
    )
    shutil.copy(root / "train" / "a" / "001.png", root / "test" / "b" / "031.png")
    assert loaded(root).notes[1:] == (
        f"{root}: 2 pictures are held out, but also trained on; the first is test/a/021.png, the same as "
        "train/a/001.png",
        f"{root}: 1 picture is also in another class; the first is test/b/031.png, the same as train/a/001.png",
    )


def test_pictures_of_one_colour_are_told(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / "x" / name).mkdir(parents=True)
        for number in range(5):
            Image.new("RGB", (6, 6), (number, 9, 9)).save(tmp_path / "x" / name / f"{number}.png")
    (finding,) = input_notes(loaded(tmp_path / "x"))
    assert finding.message == "in x_train 2 channels of 3 are constant: 1, 2; they say nothing about the labels"


def test_too_few_for_a_test_part(tmp_path: Path) -> None:
    with pytest.raises(
        SettingError, match=r"^test_split = 0.2 of 2 samples leaves none for the test part; take another"
    ):
        loaded(MAKE(tmp_path / "x", {"a": 1, "b": 1}))


def test_what_python_gives_is_checked(tmp_path: Path) -> None:
    root = MAKE(tmp_path / "x", {"a": 4, "b": 8})
    with pytest.raises(
        DataError, match=r'the data set "images" needs a path: set data.path to the folder of your pictures'
    ):
        load("images", settings={"size": 4})
    with pytest.raises(DataError, match='the data set "images" needs a size'):
        load("images", path=root)
    with pytest.raises(DataError, match='unknown resize "cropp"; did you mean "crop"'):
        loaded(root, resize="cropp")
