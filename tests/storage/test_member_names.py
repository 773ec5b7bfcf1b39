"""Names of arrays at and beyond the limits of the archive format."""

import io

import numpy as np
import pytest

from graphnn.errors import DataError
from graphnn.storage.archives import Archive, write_archive
from graphnn.storage.member_names import LONGEST_NAME, member_problem

CHARACTERS = ("a", "é", "層", "😀")  # of one to four bytes


def fills(character: str, length: int) -> str:
    """Return a name of `length` bytes of one character, filled up with letters of one byte."""
    size = len(character.encode())
    return character * (length // size) + "x" * (length % size)


@pytest.mark.parametrize("character", CHARACTERS)
def test_the_longest_name_is_written_and_read_and_one_byte_more_is_refused(character, tmp_path):
    longest, longer = fills(character, LONGEST_NAME), fills(character, LONGEST_NAME + 1)
    assert len(longer.encode()) == len(longest.encode()) + 1
    file = tmp_path / "arrays.npz"
    with file.open("wb") as stream:
        write_archive(stream, {longest: np.arange(3)})
    with Archive(file, DataError) as archive:
        assert archive.names == (longest,)
        assert archive.read(longest).tolist() == [0, 1, 2]
    assert member_problem(longest) is None
    with pytest.raises(ValueError, match="it takes 65,532 bytes, of which there is room for 65,531"):
        write_archive(io.BytesIO(), {longer: np.arange(3)})


@pytest.mark.parametrize("name", ["", "/a", "a\\b", "a\0b", "\ud800"])
def test_a_name_that_another_system_would_read_otherwise_is_refused(name):
    assert member_problem(name) is not None
    with pytest.raises(ValueError, match="cannot be the name of an array"):
        write_archive(io.BytesIO(), {name: np.zeros(1)})


@pytest.mark.parametrize("name", ["a/b.npy", "Ä", "a b", "..", "a\nb", "con"])
def test_any_other_name_is_kept(name, tmp_path):
    file = tmp_path / "arrays.npz"
    with file.open("wb") as stream:
        write_archive(stream, {name: np.zeros(1)})
    with Archive(file, DataError) as archive:
        assert archive.names == (name,)


@pytest.mark.long
def test_more_arrays_than_a_zip_archive_without_extensions_can_hold(tmp_path):
    names = [f"node_{index}/weights" for index in range(2**16 + 1)]
    file = tmp_path / "arrays.npz"
    with file.open("wb") as stream:
        write_archive(stream, dict.fromkeys(names, np.zeros(1, np.float32)))
    with Archive(file, DataError) as archive:
        assert list(archive.names) == names
        assert archive.read(names[-1]).tolist() == [0]
