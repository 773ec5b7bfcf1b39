"""Reading and writing .npz archives, without pickle."""

import os
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, Self

import numpy as np
from numpy.lib import format as npy

from graphnn.errors import GraphError
from graphnn.storage.member_names import member_problem
from graphnn.storage.memory import memory_problem
from graphnn.storage.npy_arrays import Header, map_array, read_array, read_header
from graphnn.storage.regular_files import NotRegularError, open_regular
from graphnn.text.suggestions import quoted
from graphnn.types import Array, Shape

EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time of a zip member; with a fixed time, equal arrays give equal bytes
ENCRYPTED = 0x1
LARGE = 2**24  # bytes; of arrays that take less, it is not asked whether there is so much, which takes a millisecond
LONGEST = 200  # characters of what zipfile says, which may quote 64 KiB of the file
LOCAL_HEADER = struct.Struct("<26x2H")  # before a member: the lengths of its name and of the field after that
COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
DAMAGE = (
    *(OSError, EOFError, ValueError, OverflowError, struct.error),
    *(zlib.error, zipfile.BadZipFile, NotImplementedError),  # by zipfile, for newer kinds of archives
)


class Archive:
    """An open .npz file. Every failure is raised as `error`, with the names of the file and the array.

    names: the keys of the arrays, in the file's order. Only FileNotFoundError is left to the caller, which can suggest
    another file. What is no regular file is refused at once, and so are two arrays of one name.
    """

    def __init__(self, path: Path, error: type[GraphError]) -> None:
        self.path = path
        self._error = error
        try:
            self._file = open_regular(path)
        except FileNotFoundError:
            raise
        except NotRegularError as problem:
            raise error(f"{path}: {problem.strerror}") from problem
        except (OSError, ValueError) as problem:
            raise error(f"{path}: cannot be read: {getattr(problem, 'strerror', None) or problem}") from problem
        try:
            self._zip = zipfile.ZipFile(self._file)
            names = [info.filename.removesuffix(".npy") for info in self._zip.infolist()]
        except DAMAGE as problem:
            self._file.seek(0)
            start = self._file.read(len(npy.MAGIC_PREFIX))
            self._file.close()
            raise error(f"{path}: {not_an_archive(start)} ({problem})") from problem
        self._members = dict(zip(names, self._zip.infolist(), strict=True))
        self.names = tuple(self._members)
        if len(names) > len(self.names):
            self.close()
            name, count = Counter(names).most_common(1)[0]
            raise error(f"{path}: holds {count} arrays of the name {quoted(name)}, and it is not said which one counts")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._zip.close()
        self._file.close()

    @property
    def nbytes(self) -> int:
        """The size of all arrays unpacked, with their headers, as the archive says; nothing is unpacked for it."""
        return sum(info.file_size for info in self._members.values())

    def check_memory(self) -> None:
        """Raise `error` where all arrays together, unpacked, are larger than the memory of this machine."""
        self._check_memory("holds arrays of", self.nbytes)

    def header(self, name: str) -> Header:
        """Return the shape and type of an array, of which only the start is read. Raises `error`."""
        info = self._members[name]
        with self._reading(name), self._open(info) as member:
            header = read_header(member)
            found = info.file_size - member.tell()
            if found != header.nbytes:
                raise ValueError(f"{header.text()} need {header.nbytes:,} bytes, not {found:,}")
            return header

    def shapes(self) -> dict[str, Shape]:
        """Return the shapes of all arrays, of which only the starts are read. Raises `error`."""
        return {name: self.header(name).shape for name in self.names}

    def read(self, name: str) -> Array:
        """Return one array.

        Raises `error` where it is damaged, has a dtype that would need pickle, or is larger than the memory of this
        machine.
        """
        info = self._members[name]
        self._check_memory(f"array {quoted(name)} has", info.file_size)
        with self._reading(name), self._open(info) as member:
            return read_array(member, info.file_size)

    def can_map(self, name: str) -> bool:
        """Return whether an array lies in the file as it is in memory: not compressed, and its first index slowest."""
        info = self._members[name]
        return info.compress_type == zipfile.ZIP_STORED and not self.header(name).fortran_order

    def mapped(self, name: str) -> Array:
        """Return an array in its place in the file, of which only what is used gets read; it cannot be changed.

        name: of an array that `can_map`. The archive's checksum is not compared. Raises `error`.
        """
        info = self._members[name]
        with self._reading(name):
            self._file.seek(info.header_offset)
            start = LOCAL_HEADER.unpack(self._file.read(LOCAL_HEADER.size))
            self._file.seek(start[-2] + start[-1], os.SEEK_CUR)
            return map_array(self._file, info.file_size)

    def _open(self, info: zipfile.ZipInfo) -> IO[bytes]:
        if info.flag_bits & ENCRYPTED:
            raise ValueError("it is encrypted")
        if info.compress_type not in COMPRESSIONS:
            raise ValueError("it is compressed by another method than numpy's")
        return self._zip.open(info)

    @contextmanager
    def _reading(self, name: str) -> Iterator[None]:
        try:
            yield
        except (*DAMAGE, MemoryError) as problem:
            said = f"{problem!s:.{LONGEST}}"
            raise self._error(f"{self.path}: array {quoted(name)} cannot be read: {said}") from problem

    def _check_memory(self, what: str, needed: int) -> None:
        problem = memory_problem(needed) if needed > LARGE else None
        if problem is not None:
            raise self._error(f"{self.path}: {what} {problem}")


def not_an_archive(start: bytes) -> str:
    """Return the message about a file that is no zip archive, from its first bytes."""
    if start.startswith(b"PK"):
        return "the .npz archive is damaged or truncated"
    if start.startswith(npy.MAGIC_PREFIX):
        return "a single .npy array, where an .npz archive of named arrays is needed"
    return "not an .npz archive"


def write_archive(file: BinaryIO, arrays: Mapping[str, Array]) -> None:
    """Write an uncompressed .npz with exactly the given keys; equal arrays give equal bytes.

    numpy.savez, in contrast, refuses the key `file` and writes the current time. Raises ValueError for a key that
    cannot be the name of a zip member.
    """
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            problem = member_problem(name)
            if problem is not None:
                raise ValueError(f"{name[:40]!r} cannot be the name of an array in an .npz archive: {problem}")
            info = zipfile.ZipInfo(f"{name}.npy", EPOCH)
            info.create_system = 3  # Unix, on every system
            info.external_attr = 0o644 << 16
            with archive.open(info, "w", force_zip64=True) as member:
                npy.write_array(member, np.asarray(array, order="C"), version=(1, 0), allow_pickle=False)
