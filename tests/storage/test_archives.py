"""Archives of arrays: exact, reproducible, safe with untrusted files; and atomic replacement of files."""

import contextlib
import io
import os
import stat
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from graphnn.errors import DataError
from graphnn.storage.archives import Archive, read_array, replacing, write_archive

ARRAYS = {
    "file": np.arange(6, dtype=np.float32).reshape(2, 3),
    "file/weights": np.array(3.5),
    "größe/б": np.zeros((0, 3), np.int16),
    "turned": np.arange(24, dtype=np.uint8).reshape(2, 3, 4).transpose(2, 0, 1),
    "allow_pickle": np.array(["a", "bc"]),
}


def written(arrays):
    buffer = io.BytesIO()
    write_archive(buffer, arrays)
    return buffer.getvalue()


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "arrays.npz"
    path.write_bytes(written(ARRAYS))
    return path


def read_all(path):
    with Archive(path, DataError) as archive:
        return {name: archive.read(name) for name in archive.names}


def same(found, expected):
    assert list(found) == list(expected)
    for name, array in expected.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        np.testing.assert_array_equal(found[name], array)


def test_arrays_come_back_under_any_name(path):
    same(read_all(path), ARRAYS)


def test_numpy_reads_what_is_written(path):
    with np.load(path, allow_pickle=False) as loaded:
        same(dict(loaded), ARRAYS)


def test_what_numpy_writes_is_read(tmp_path):
    arrays = {"a": np.asfortranarray(np.arange(6.0).reshape(2, 3)), "b": np.float32(1).reshape(())}
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "arrays.npz", **arrays)
        same(read_all(tmp_path / "arrays.npz"), arrays)


def test_equal_arrays_give_equal_bytes(monkeypatch):
    first = written(ARRAYS)
    monkeypatch.setattr("time.time", lambda: 2_000_000_000.0)
    assert written({name: array.copy() for name, array in ARRAYS.items()}) == first


@pytest.mark.parametrize("name", ["a\0b"])
def test_name_that_a_zip_cannot_hold_is_refused(name):
    with pytest.raises(ValueError, match="cannot be the name of an array"):
        written({name: np.zeros(1)})


@given(hnp.arrays(hnp.scalar_dtypes(), hnp.array_shapes(min_dims=0, min_side=0, max_side=4)))
def test_any_array_survives(array):
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, version=(1, 0))
    size = buffer.tell()
    buffer.seek(0)
    found = read_array(buffer, size)
    assert found.dtype == array.dtype
    assert found.shape == array.shape
    assert found.tobytes() == array.tobytes()


def test_second_version_of_the_header_is_read():
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.arange(3), version=(2, 0))
    size = buffer.tell()
    buffer.seek(0)
    assert read_array(buffer, size).tolist() == [0, 1, 2]


def member(header, data=b"", version=(1, 0)):
    text = header.encode().ljust(118 - 10) + b"\n"
    return np.lib.format.magic(*version) + struct.pack("<H", len(text)) + text + data


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (member("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}"), "pickled Python objects"),
        (
            member("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", b"1234"),
            "2 of float32 need 8 bytes, not 4",
        ),
        (member("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", b"12345"), "need 4 bytes, not 5"),
        (member("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}"), "need 73,786,"),
        (member("{'descr': '<f4', 'fortran_order': False, 'shape': (-1, -1)}", b"1234"), "impossible shape"),
        (member("{'descr': '<U0', 'fortran_order': False, 'shape': (1000000000000,)}"), "impossible shape"),
        (member("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", version=(3, 0)), "version (3, 0)"),
        (member("__import__('os').abort()"), "malformed node"),
        (b"\x93NUMPY", "magic string"),
        (b"nothing of it", "magic string is not correct"),
    ],
)
def test_bad_member_is_told(tmp_path, content, message):
    with zipfile.ZipFile(tmp_path / "arrays.npz", "w") as archive:
        archive.writestr("a.npy", content)
    with pytest.raises(DataError) as caught:
        read_all(tmp_path / "arrays.npz")
    assert str(caught.value).startswith(f'{tmp_path / "arrays.npz"}: array "a" cannot be read: ')
    assert message in str(caught.value)


def test_member_shorter_than_it_says_is_told():
    header = member("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}")
    with pytest.raises(EOFError, match="it ends after 4 of 8 bytes"):
        read_array(io.BytesIO(header + b"1234"), len(header) + 8)


def test_changed_byte_of_the_data_is_found(path):
    content = bytearray(path.read_bytes())
    content[content.index(ARRAYS["file"].tobytes()) + 5] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match='array "file" cannot be read: Bad CRC-32'):
        read_all(path)


def test_encrypted_member_is_told(path):
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\1\2") + 8] |= 1  # the flags in the central directory
    path.write_bytes(content)
    with pytest.raises(DataError, match="it is encrypted"):
        read_all(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not an .npz archive"),
        (b"some text", "not an .npz archive"),
        (b"\x93NUMPY\1\0", "a single .npy array, where an .npz archive of named arrays is needed"),
        (written(ARRAYS)[:-30], "the .npz archive is damaged or truncated"),
        (written(ARRAYS)[:100], "the .npz archive is damaged or truncated"),
    ],
)
def test_no_archive_is_told(tmp_path, content, message):
    (tmp_path / "arrays.npz").write_bytes(content)
    with pytest.raises(DataError) as caught:
        Archive(tmp_path / "arrays.npz", DataError)
    assert str(caught.value).startswith(f"{tmp_path / 'arrays.npz'}: {message}")


def test_folder_is_told_and_a_missing_file_left_to_the_caller(tmp_path):
    with pytest.raises(DataError, match="cannot be read: Is a directory"):
        Archive(tmp_path, DataError)
    with pytest.raises(FileNotFoundError):
        Archive(tmp_path / "absent.npz", DataError)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(data=st.data())
def test_no_damage_escapes_as_another_error(tmp_path, data):
    content = bytearray(written({"a": np.arange(4.0), "b/c": np.array(["xy"])}))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "arrays.npz").write_bytes(content[: data.draw(st.integers(1, len(content)))])
    with contextlib.suppress(DataError):
        read_all(tmp_path / "arrays.npz")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_file_is_replaced_at_the_end_of_the_block(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with replacing(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["file"]


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt])
def test_failure_leaves_the_old_file_and_nothing_else(tmp_path, failure):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fail():
        with replacing(path) as file:
            file.write(b"half of the new")
            raise failure

    with pytest.raises(failure):
        fail()
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


def test_name_that_is_a_folder_leaves_nothing_behind(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError), replacing(tmp_path / "folder"):
        pass
    assert names(tmp_path) == ["folder"]


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_permissions_follow_the_umask(tmp_path, mask, mode):
    before = os.umask(mask)
    try:
        with replacing(tmp_path / "file"):
            pass
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode


def test_target_of_a_link_is_replaced(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    target = tmp_path / "elsewhere" / "file"
    target.write_bytes(b"old")
    (tmp_path / "link").symlink_to(target)
    with replacing(tmp_path / "link") as file:
        file.write(b"new")
    assert (tmp_path / "link").is_symlink()
    assert target.read_bytes() == b"new"
    assert names(target.parent) == ["file"]


def test_longest_possible_name_works(tmp_path):
    with replacing(tmp_path / ("n" * 255)):
        pass
    assert names(tmp_path) == ["n" * 255]


def test_file_and_folder_are_fsynced_in_this_order(tmp_path, monkeypatch):
    done = []
    fsync = os.fsync

    def recorded(descriptor):
        done.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        done.append((tmp_path / "file").exists())
        fsync(descriptor)

    monkeypatch.setattr("os.fsync", recorded)
    with replacing(tmp_path / "file") as file:
        file.write(b"new")
    assert done == ["file", False, "folder", True]
