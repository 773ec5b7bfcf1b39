"""Unpacks .tar.gz archives safely: only the members that are known, none too large, each to the path meant for it."""

import gzip
import hashlib
import os
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import BinaryIO, cast

from graphnn.datasets.folder_lock import UNPACKING
from graphnn.errors import DataError
from graphnn.storage.replacing import fsync_folder

CHUNK = 1 << 16
ROOM = 1 << 14  # bytes that a member has besides its content: headers, and zeros up to the next record
MOST_AT_ONCE = 1 << 20  # bytes that are read at once; only a header that lies asks for more


class Forward:
    """The unpacked bytes of an archive, read forward only and at most `most` of them: what tarfile needs of a file.

    A header can ask for more memory than there is. Raises ValueError.
    """

    def __init__(self, stream: gzip.GzipFile, most: int) -> None:
        self._stream, self._most = stream, most

    def tell(self) -> int:
        return self._stream.tell()

    def read(self, size: int) -> bytes:
        self._check(size)
        return self._stream.read(size)

    def seek(self, position: int) -> None:
        while self.tell() < position and self.read(min(CHUNK, position - self.tell())):
            pass

    def _check(self, size: int) -> None:
        if not 0 <= size <= MOST_AT_ONCE:
            raise ValueError(f"a header asks for {size:,} bytes")
        if self.tell() + size > self._most:
            raise ValueError(f"it unpacks to more than {self._most:,} bytes")


def unpack(archive: Path, targets: Mapping[str, Path], *, ignored: Collection[str], limit: int) -> dict[str, str]:
    """Unpack members of a .tar.gz, each to the path in `targets`; existing files are not replaced.

    Return the SHA-256 of each of these members, by name, in the archive.

    targets: the path for each member, by its name. ignored: the names of members that are not unpacked. limit: the
    largest size of a member in bytes. No name in the archive decides where anything is written. The folder of the
    archive is to be locked. Raises DataError, before any file is moved to its path, where the archive has other
    members, one of them twice, one that is too large, or links, devices or sparse files.
    """
    try:
        with tempfile.TemporaryDirectory(prefix=UNPACKING, dir=archive.parent) as folder:
            unpacked = copy_members(archive, targets, Path(folder), ignored=ignored, limit=limit)
            sums = {name: sha256_of(path) for name, path in unpacked.items()}
            for name, target in targets.items():
                if not target.exists():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    unpacked[name].replace(target)
            for parent in {target.parent for target in targets.values()}:
                fsync_folder(parent)
                fsync_folder(parent.parent)
            return sums
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error, ValueError) as problem:
        raise DataError(f"{archive}: cannot be unpacked: {problem}; delete it, and it is downloaded") from problem
    except OSError as problem:
        raise DataError(f"{archive}: cannot be unpacked: {problem.strerror}") from problem


def put(path: Path, content: bytes) -> None:
    """Write a file that has its name only when it is whole; a FolderLock removes what is left of it. Raises OSError."""
    with tempfile.TemporaryDirectory(prefix=UNPACKING, dir=path.parent) as temporary:
        written = Path(temporary) / path.name
        with written.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # before it gets its name
        written.replace(path)
    fsync_folder(path.parent)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def copy_members(
    archive: Path, names: Collection[str], folder: Path, *, ignored: Collection[str], limit: int
) -> dict[str, Path]:
    """Copy the members with these names to numbered files in `folder`; return the files by name.

    Raises ValueError for a bad archive.
    """
    unpacked: dict[str, Path] = {}
    seen = set()
    members = [*names, *ignored]
    most = len(members) * (limit + ROOM)
    with gzip.open(archive) as stream, tarfile.open(fileobj=cast(BinaryIO, Forward(stream, most)), mode="r:") as tar:
        for member in tar:
            if member.name not in names and member.name not in ignored:
                raise ValueError(f"{member.name!r} does not belong in it")
            if member.name in seen:
                raise ValueError(f"{member.name!r} is in it twice")
            seen.add(member.name)
            if not ((member.isreg() and not member.issparse()) or (member.isdir() and member.name in ignored)):
                raise ValueError(f"{member.name!r} is not a regular file")
            if not 0 <= member.size <= limit:
                raise ValueError(f"{member.name!r} has {member.size:,} bytes, more than the {limit:,} it may have")
            content = tar.extractfile(member) if member.name in names else None
            if content is not None:
                unpacked[member.name] = folder / str(len(unpacked))
                with content, unpacked[member.name].open("wb") as file:
                    shutil.copyfileobj(content, file)
                    file.flush()
                    os.fsync(file.fileno())  # before it gets its name
        while stream.read(CHUNK):  # gzip compares the checksum only at the end
            if stream.tell() > most:
                raise ValueError(f"it unpacks to more than {most:,} bytes")
    missing = [name for name in names if name not in unpacked]
    if missing:
        raise ValueError(f"{', '.join(missing)} is not in it")
    return unpacked
