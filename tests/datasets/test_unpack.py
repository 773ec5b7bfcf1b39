"""Archives that are unpacked: good ones, and those that were made to do harm."""

import contextlib
import gzip
import hashlib
import io
import random
import tarfile
from pathlib import Path

import pytest

from graphnn.datasets.unpack import unpack
from graphnn.errors import DataError

IGNORED = {"inside", "inside/readme.html"}


def regular(name: str, content: bytes = b"abc") -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    return info, content


def special(name: str, kind: bytes, target: str = "") -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info, b""


def write(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content))
    return path


FOLDER = special("inside", tarfile.DIRTYPE)
GOOD = (FOLDER, regular("inside/readme.html"), regular("inside/a", b"first"), regular("inside/b", b"second"))


def wanted(folder: Path) -> dict[str, Path]:
    return {f"inside/{name}": folder / "out" / name for name in ("a", "b")}


def test_wanted_members_are_unpacked_and_nothing_else(tmp_path):
    archive = write(tmp_path / "archive.tar.gz", *GOOD)
    unpack(archive, wanted(tmp_path), ignored=IGNORED, limit=10)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["archive.tar.gz", "out"]
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == {"a": b"first", "b": b"second"}


def test_members_are_on_the_disk_before_they_get_their_names(tmp_path, disk):
    unpack(write(tmp_path / "archive.tar.gz", *GOOD), wanted(tmp_path), ignored=IGNORED, limit=10)
    assert disk[:4] == ["file on disk", "file on disk", "named a", "named b"]
    assert set(disk[4:]) == {"folder on disk"}


def test_checksums_are_those_of_the_members(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a").write_bytes(b"mine")
    sums = unpack(write(tmp_path / "archive.tar.gz", *GOOD), wanted(tmp_path), ignored=IGNORED, limit=10)
    assert sums == {
        "inside/a": hashlib.sha256(b"first").hexdigest(),
        "inside/b": hashlib.sha256(b"second").hexdigest(),
    }


def test_files_that_are_there_are_left_alone(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a").write_bytes(b"mine")
    unpack(write(tmp_path / "archive.tar.gz", *GOOD), wanted(tmp_path), ignored=IGNORED, limit=10)
    assert (tmp_path / "out" / "a").read_bytes() == b"mine"
    assert (tmp_path / "out" / "b").read_bytes() == b"second"


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (regular("../evil"), "'../evil' does not belong in it"),
        (regular("/tmp/evil"), "'/tmp/evil' does not belong in it"),
        (regular("inside/../../evil"), "does not belong in it"),
        (regular("inside/evil"), "'inside/evil' does not belong in it"),
        (special("elsewhere", tarfile.DIRTYPE), "does not belong in it"),
        (special("inside/a", tarfile.SYMTYPE, "/etc/passwd"), "'inside/a' is not a regular file"),
        (special("inside", tarfile.SYMTYPE, "/tmp"), "'inside' is not a regular file"),
        (special("inside/a", tarfile.LNKTYPE, "inside/b"), "'inside/a' is not a regular file"),
        (special("inside/a", tarfile.CHRTYPE), "'inside/a' is not a regular file"),
        (special("inside/a", tarfile.BLKTYPE), "'inside/a' is not a regular file"),
        (special("inside/a", tarfile.FIFOTYPE), "'inside/a' is not a regular file"),
        (special("inside/a", tarfile.DIRTYPE), "'inside/a' is not a regular file"),
        (regular("inside/a", b"x" * 11), "'inside/a' has 11 bytes, more than the 10 it may have"),
        (regular("inside/readme.html", b"x" * 11), "more than the 10 it may have"),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_bad_member_stops_everything(tmp_path, bad, message, first):
    rest = tuple(member for member in GOOD if member[0].name != bad[0].name)
    archive = write(tmp_path / "sub.tar.gz", *((bad, *rest) if first else (*rest, bad)))
    with pytest.raises(DataError, match="cannot be unpacked") as caught:
        unpack(archive, wanted(tmp_path), ignored=IGNORED, limit=10)
    assert message in str(caught.value)
    assert str(archive) in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["sub.tar.gz"]
    assert not Path("/tmp/evil").exists()


def sparse() -> bytes:
    """Return the header of a sparse file of 5 bytes, none of which is stored."""
    info, _ = regular("inside/a", b"")
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[156:157] = tarfile.GNUTYPE_SPARSE
    header[386:410] = b"%011o\0%011o\0" % (5, 0)
    header[483:495] = b"%011o\0" % 5
    return summed(header)


def summed(header: bytearray) -> bytes:
    """Return a header with the right checksum."""
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header[:512])
    return bytes(header)


def sized(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    """Return the header of a member of any size, even a negative one."""
    info, _ = special(name, kind)
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT)[:512])
    header[124:136] = (b"\x80" if size >= 0 else b"\xff") + (size % 256**11).to_bytes(11, "big")
    return summed(header)


LYING = {
    "sparse": (sparse(), "'inside/a' is not a regular file"),
    "negative": (sized("inside/a", -512), ""),
    "leads back": (sized("inside/a", -1024), ""),
    "long name of 10 GB": (sized("inside/a", 10**10, tarfile.GNUTYPE_LONGNAME), "asks for 10,"),
    "extended header of 10 GB": (sized("inside/a", 10**10, tarfile.XHDTYPE), "asks for 10,"),
    "global header of 10 GB": (sized("inside/a", 10**10, tarfile.XGLTYPE), "asks for 10,"),
    "extended header of less than nothing": (sized("inside/a", -512, tarfile.XHDTYPE), ""),
}


@pytest.mark.parametrize("name", LYING)
def test_header_that_lies_is_refused(tmp_path, name):
    header, message = LYING[name]
    path = tmp_path / "archive.tar.gz"
    path.write_bytes(gzip.compress(header + bytes(10240)))
    with pytest.raises(DataError, match="cannot be unpacked") as caught:
        unpack(path, wanted(tmp_path), ignored=IGNORED, limit=10)
    assert message in str(caught.value)


def test_zeros_without_end_are_not_read(tmp_path):
    path = write(tmp_path / "archive.tar.gz", *GOOD)
    with gzip.open(path, "ab") as file:
        for _ in range(100):
            file.write(bytes(1 << 20))
    with pytest.raises(DataError, match="it unpacks to more than 65,576 bytes"):
        unpack(path, wanted(tmp_path), ignored=IGNORED, limit=10)


@pytest.mark.parametrize("count", [20, pytest.param(1000, marks=pytest.mark.long)])
def test_changed_archive_is_unpacked_or_refused(tmp_path, count):
    rng = random.Random(1)
    path = write(tmp_path / "archive.tar.gz", *GOOD)
    content = bytearray(gzip.decompress(path.read_bytes()))
    for number in range(count):
        changed = content.copy()
        for _ in range(rng.randrange(1, 4)):
            start = rng.choice((0, 512, 1536, 2560))
            changed[start + rng.randrange(512)] = rng.choice((0, 48, 49, 55, 128, 255, rng.randrange(256)))
            changed[start : start + 512] = summed(changed[start : start + 512])
        path.write_bytes(gzip.compress(changed, 1))
        out = tmp_path / str(number)
        with contextlib.suppress(DataError):
            unpack(path, wanted(out), ignored=IGNORED, limit=10)
            assert sorted(found.name for found in (out / "out").iterdir()) == ["a", "b"]
            continue
        assert not out.exists()
    assert list(tmp_path.glob(".unpacking-*")) == []


def test_member_twice_is_refused(tmp_path):
    archive = write(tmp_path / "archive.tar.gz", *GOOD, regular("inside/a", b"other"))
    with pytest.raises(DataError, match="'inside/a' is in it twice"):
        unpack(archive, wanted(tmp_path), ignored=IGNORED, limit=10)


def test_lacking_members_are_named(tmp_path):
    archive = write(tmp_path / "archive.tar.gz", FOLDER, regular("inside/a"))
    with pytest.raises(DataError, match="inside/b is not in it; delete it, and it is downloaded"):
        unpack(archive, wanted(tmp_path), ignored=IGNORED, limit=10)


def test_size_that_is_only_announced_is_refused_too(tmp_path):
    info, _ = regular("inside/a")
    info.size = 5
    with gzip.open(tmp_path / "archive.tar.gz", "wb") as file:
        file.write(info.tobuf() + b"ab")
    with pytest.raises(DataError, match="cannot be unpacked"):
        unpack(tmp_path / "archive.tar.gz", wanted(tmp_path), ignored=IGNORED, limit=10)


NO_ARCHIVES = {"empty": b"", "text": b"no archive", "gzip": gzip.compress(b"no tar" * 1000)}


@pytest.mark.parametrize("content", NO_ARCHIVES.values(), ids=NO_ARCHIVES)
def test_no_archive_is_told(tmp_path, content):
    path = tmp_path / "archive.tar.gz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"archive\.tar\.gz: cannot be unpacked: .*; delete it, and it is downloaded"):
        unpack(path, wanted(tmp_path), ignored=IGNORED, limit=10)


@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_truncated_archive_is_told(tmp_path, kept):
    path = write(tmp_path / "archive.tar.gz", *GOOD)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(DataError, match="cannot be unpacked"):
        unpack(path, wanted(tmp_path), ignored=IGNORED, limit=10)
    assert not (tmp_path / "out").exists()


def test_place_that_cannot_be_written_is_told(tmp_path):
    archive = write(tmp_path / "archive.tar.gz", *GOOD)
    (tmp_path / "out").touch()
    with pytest.raises(DataError, match=r"archive\.tar\.gz: cannot be unpacked: (Not a directory|File exists)"):
        unpack(archive, wanted(tmp_path), ignored=IGNORED, limit=10)
