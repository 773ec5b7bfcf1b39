"""What the network sees is saved: one file for one sample, else a folder of files with names of their own."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from graphnn.errors import DataError
from graphnn.evaluation.files import Labelled
from graphnn.evaluation.saved_inputs import SavedInputs
from graphnn.types import Array


def parts(*labels: str) -> list[Labelled]:
    return [([label], np.full((1, 1, 2, 3), number, np.uint8)) for number, label in enumerate(labels)]


def value(file: Path) -> int:
    return int(np.asarray(Image.open(file)).max())


def test_one_sample_in_one_file(tmp_path: Path) -> None:
    saved = SavedInputs(tmp_path / "seen.png")
    passed = list(saved.watch(iter(parts("a.jpg"))))
    assert passed[0][0] == ["a.jpg"]
    assert np.asarray(Image.open(tmp_path / "seen.png")).shape == (2, 3)
    assert saved.messages() == [f"saved what the network sees: {tmp_path / 'seen.png'}"]
    assert saved.problems == []


def test_more_than_one_sample_needs_a_folder_and_nothing_is_written(tmp_path: Path) -> None:
    saved = SavedInputs(tmp_path / "seen.png")
    with pytest.raises(DataError, match=r"seen\.png: is one file for more than one input; name a folder"):
        list(saved.watch(iter(parts("a.jpg", "b.jpg"))))
    assert list(tmp_path.iterdir()) == []


def test_samples_in_a_folder_have_names_of_their_own(tmp_path: Path) -> None:
    labels = ["x/7.png", "y/7.jpg", "batch.npy[0]", "batch.npy[12]", "one.npy", "7-2.png", "odd[3].png"]
    saved = SavedInputs(tmp_path / "seen")
    list(saved.watch(iter(parts(*labels))))
    names = ["7.png", "7-2.png", "batch-0000.png", "batch-0012.png", "one.png", "7-2-2.png", "odd[3].png"]
    assert [value(tmp_path / "seen" / name) for name in names] == list(range(7))
    assert saved.messages() == [f"saved what the network sees: 7 files in {tmp_path / 'seen'}"]


class Unread(list[Path]):
    """Files that are not looked through again for each further one, of which there may be 100,000."""

    def __iter__(self) -> Iterator[Path]:
        raise AssertionError


def test_the_time_for_a_name_does_not_grow_with_the_number_of_files(tmp_path: Path) -> None:
    saved = SavedInputs(tmp_path / "seen", Unread())
    list(saved.watch(iter(parts("x/7.png", "y/7.jpg"))))
    assert saved.saved[1].name == "7-2.png"


def test_colours(tmp_path: Path) -> None:
    image = np.arange(18, dtype=np.uint8).reshape(3, 2, 3)
    list(SavedInputs(tmp_path / "a.png").watch(iter([(["a"], image[None])])))
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "a.png")), image.transpose(1, 2, 0))


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((2, 4, 4), np.uint8), "the input has 2 channels, where a picture has 1 or 3"),
        (np.full((1, 4, 4), 0.5), "the input holds other values than the whole numbers 0…255 of a picture"),
        (np.full((1, 4, 4), 256), "the input holds other values than the whole numbers 0…255 of a picture"),
        (np.full((1, 4, 4), -1), "the input holds other values than the whole numbers 0…255 of a picture"),
    ],
)
def test_what_no_picture_holds_is_a_problem_that_stops_nothing(image: Array, message: str, tmp_path: Path) -> None:
    good = np.full((1, 4, 4), 7.0)
    saved = SavedInputs(tmp_path)
    assert len(list(saved.watch(iter([(["a"], image[None]), (["b"], good[None])])))) == 2
    assert saved.problems == [f"{tmp_path / 'a.png'}: {message}"]
    assert value(tmp_path / "b.png") == 7


def test_a_folder_that_cannot_be_made_is_a_problem(tmp_path: Path) -> None:
    saved = SavedInputs(tmp_path / "none" / "seen")
    list(saved.watch(iter(parts("a"))))
    assert saved.problems == [f"{tmp_path / 'none' / 'seen' / 'a.png'}: cannot be written: No such file or directory"]
    assert saved.messages() == []


def test_another_kind_of_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.jpg: inputs are saved as PNG; name a file a\.png, or a folder"):
        SavedInputs(tmp_path / "a.jpg")
