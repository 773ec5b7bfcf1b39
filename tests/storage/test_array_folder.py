"""A folder of .npy files is read as one archive of arrays is, with the name of the file in each error."""

import os
from pathlib import Path

import numpy as np
import pytest

from graphnn.errors import DataError
from graphnn.storage import array_folder
from graphnn.storage.array_folder import ArrayFolder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of two arrays, and of other things."""
    np.save(tmp_path / "b.npy", np.arange(6, dtype=np.int16).reshape(2, 3))
    np.save(tmp_path / "a.npy", np.asfortranarray(np.arange(6.0).reshape(2, 3)))
    (tmp_path / "notes.txt").write_text("no array")
    (tmp_path / "c.npy").mkdir()
    return tmp_path


def test_arrays_are_read_by_their_names(folder: Path) -> None:
    with ArrayFolder(folder, DataError) as arrays:
        assert arrays.names == ("a", "b")
        assert arrays.read("b").tolist() == [[0, 1, 2], [3, 4, 5]]
        assert (arrays.header("a").shape, arrays.header("a").fortran_order) == ((2, 3), True)
        assert [arrays.can_map(name) for name in arrays.names] == [False, True]


def test_mapped_arrays_lie_in_their_file_and_cannot_be_changed(folder: Path) -> None:
    array = ArrayFolder(folder, DataError).mapped("b")
    assert isinstance(array, np.memmap)
    assert array.tolist() == [[0, 1, 2], [3, 4, 5]]
    with pytest.raises(ValueError, match="read-only"):
        array[0, 0] = 7
    np.save(folder / "none.npy", np.zeros((0, 3)))
    assert ArrayFolder(folder, DataError).mapped("none").shape == (0, 3)


def test_damage_is_told_with_the_name_of_the_file(folder: Path) -> None:
    np.save(folder / "objects.npy", np.array([{}]))
    (folder / "cut.npy").write_bytes((folder / "b.npy").read_bytes()[:-1])
    (folder / "text.npy").write_text("no array at all")
    os.mkfifo(folder / "pipe.npy")
    arrays = ArrayFolder(folder, DataError)
    messages = {
        "objects": "it holds pickled Python objects, which are never loaded",
        "cut": "2×3 of int16 need 12 bytes, not 11",
        "text": "the magic string is not correct",
        "pipe": "is a fifo",
    }
    for name, message in messages.items():
        for read in (arrays.header, arrays.read, arrays.mapped):
            with pytest.raises(DataError) as refused:
                read(name)
            assert str(refused.value).startswith(f"{folder / name}.npy: cannot be read: ")
            assert message in str(refused.value)


def test_what_is_larger_than_the_memory_is_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(array_folder, "memory_problem", lambda size: f"{size} bytes, which is too much")
    with pytest.raises(DataError, match=r"b\.npy: cannot be read: it has 140 bytes, which is too much"):
        ArrayFolder(folder, DataError).read("b")


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="absent: cannot be read: No such file"):
        ArrayFolder(tmp_path / "absent", DataError)
