"""Archives of arrays: exact, reproducible, safe with untrusted files."""

import contextlib
import io
import os
import socket
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from graphnn.errors import DataError
from graphnn.storage import archives
from graphnn.storage.archives import Archive, write_archive
from graphnn.storage.npy_arrays import read_array

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
        (member("{'descr': '<U0', 'fortran_order': False, 'shape': (1000000000000,)}"), "its elements have no size"),
        (member("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", version=(3, 0)), "version (3, 0)"),
        (member("__import__('os').abort()"), "its header is not readable: \"__import__('os').abort()\""),
        (member("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)"), "its header is not readable"),
        (member("{'descr': '<f4', 'fortran_order': False, 'shape': (True,)}", b"1234"), "impossible shape (True,)"),
        (member("{'descr': '<f4', 'fortran_order': False, 'shape': (1.0,)}", b"1234"), "impossible shape (1.0,)"),
        (member("{'descr': '<f4', 'fortran_order': False, 'shape': 1}", b"1234"), "impossible shape 1"),
        (member(f"{{'descr': '<f4', 'fortran_order': False, 'shape': {(1,) * 33}}}".replace(" ", "")), "33 dimensions"),
        (member("{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}", b"1234"), "its order is 0"),
        (member("{'descr': '<f4', 'shape': (1,)}", b"1234"), "not exactly the keys descr, fortran_order, shape"),
        (
            member("{'descr': [('a', '<f4', 2)], 'fortran_order': False, 'shape': ()}"),
            "where one of numbers or text is",
        ),
        (member("{'descr': [('a', '|O')], 'fortran_order': False, 'shape': (1,)}"), "pickled Python objects"),
        (member("{'descr': [('a', '<f4')] * 2, 'fortran_order': False, 'shape': (1,)}"), "its header is not readable"),
        (member("{'descr': [('a', '<f4'), ('a', '<f4')], 'fortran_order': False, 'shape': (1,)}"), "is unknown"),
        (member("{'descr': '<f4,<f4', 'fortran_order': False, 'shape': (1,)}"), "where one of numbers or text is"),
        (member("{'descr': '<f3', 'fortran_order': False, 'shape': (1,)}"), "the type of its elements, '<f3', is"),
        (member("((" * 40), "its header is not readable"),
        (member("{[]: 1}"), "its header is not readable"),
        (b"\x93NUMPY\2\0\xff\xff\xff\xff", "its header takes 4,294,967,295 bytes"),
        (b"\x93NUMPY\1\0\x10\x00{", "it ends within its header"),
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
    with pytest.raises(DataError, match="is a folder, not a regular file"):
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


def test_what_reading_would_wait_for_or_never_end_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.fspath(tmp_path / "socket"))
        (tmp_path / "link").symlink_to("/dev/zero")
        for name, kind in (("fifo", "fifo"), ("socket", "socket"), ("link", "device"), ("/dev/zero", "device")):
            with pytest.raises(DataError, match=f"{name}: is a {kind}, not a regular file"):
                Archive(tmp_path / name, DataError)


def test_a_file_that_becomes_a_fifo_while_it_is_opened_is_refused(tmp_path, monkeypatch, path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    real = os.open
    monkeypatch.setattr(os, "open", lambda _, *flags: real(fifo, *flags))
    with pytest.raises(DataError, match="is a fifo, not a regular file"):
        Archive(path, DataError)


@pytest.mark.parametrize("names", [("a.npy", "a.npy"), ("a.npy", "a")])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_arrays_of_one_name_are_refused(tmp_path, names):
    with zipfile.ZipFile(tmp_path / "arrays.npz", "w") as archive:
        for name in ("b.npy", *names):
            archive.writestr(name, b"")
    with pytest.raises(DataError) as caught:
        Archive(tmp_path / "arrays.npz", DataError)
    assert str(caught.value).endswith('arrays.npz: holds 2 arrays of the name "a", and it is not said which one counts')


def test_shapes_and_types_are_known_before_anything_is_unpacked(path, monkeypatch):
    monkeypatch.setattr(archives, "read_array", None)
    with Archive(path, DataError) as archive:
        assert archive.shapes() == {name: array.shape for name, array in ARRAYS.items()}
        header = archive.header("file")
        assert (header.dtype, header.nbytes, header.text()) == (np.float32, 24, "2×3 of float32")
        assert archive.header("file/weights").text() == "one float64"
        assert sum(array.nbytes for array in ARRAYS.values()) < archive.nbytes < path.stat().st_size


def test_a_header_that_its_member_is_too_short_for_is_told(tmp_path):
    with zipfile.ZipFile(tmp_path / "arrays.npz", "w") as archive:
        archive.writestr("a.npy", member("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", b"1234"))
    with Archive(tmp_path / "arrays.npz", DataError) as archive, pytest.raises(DataError, match="need 8 bytes, not 4"):
        archive.header("a")


def test_more_than_the_memory_is_refused_with_the_figures(path, monkeypatch):
    monkeypatch.setattr(archives, "LARGE", 140)
    monkeypatch.setattr(archives, "memory_problem", lambda needed: f"{needed} B, too many" if needed > 150 else None)
    with Archive(path, DataError) as archive:
        with pytest.raises(DataError, match=r'arrays\.npz: array "file" has 152 B, too many'):
            archive.read("file")
        with pytest.raises(DataError, match=rf"arrays\.npz: holds arrays of {archive.nbytes} B, too many"):
            archive.check_memory()
        assert archive.read("file/weights") == 3.5


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions_than_those_of_numpy_are_refused(tmp_path, method):
    with zipfile.ZipFile(tmp_path / "arrays.npz", "w", method) as archive:
        archive.writestr("a.npy", member("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", b"1234"))
    with pytest.raises(DataError, match="another method than numpy's"):
        read_all(tmp_path / "arrays.npz")


def test_fields_with_names_are_read(tmp_path):
    fields = np.array([(1.5, 2), (2.5, 3)], dtype=[("size", "<f4"), ("count", "<i8")])
    np.savez(tmp_path / "arrays.npz", fields=fields)
    np.testing.assert_array_equal(read_all(tmp_path / "arrays.npz")["fields"], fields)
