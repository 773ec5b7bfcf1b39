"""Reading and writing .npz archives, without pickle; and atomic replacement of files."""

import os
import secrets
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, Self

import numpy as np
from numpy.lib import format as npy

from graphnn.errors import GraphError
from graphnn.storage.member_names import member_problem
from graphnn.types import Array, shape_text

EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time of a zip member; with a fixed time, equal arrays give equal bytes
ENCRYPTED = 0x1
DAMAGE = (OSError, EOFError, ValueError, struct.error, zlib.error, zipfile.BadZipFile, NotImplementedError)


class Archive:
    """An open .npz file. Every failure is raised as `error`, with the names of the file and the array.

    names: the keys of the arrays, in the file's order. Only FileNotFoundError is left to the caller, which can suggest
    another file.
    """

    def __init__(self, path: Path, error: type[GraphError]) -> None:
        self.path = path
        self._error = error
        try:
            self._file = path.open("rb")
        except FileNotFoundError:
            raise
        except OSError as problem:
            raise error(f"{path}: cannot be read: {problem.strerror}") from problem
        try:
            self._zip = zipfile.ZipFile(self._file)
            self._members = {info.filename.removesuffix(".npy"): info for info in self._zip.infolist()}
        except DAMAGE as problem:
            self._file.seek(0)
            start = self._file.read(len(npy.MAGIC_PREFIX))
            self._file.close()
            raise error(f"{path}: {not_an_archive(start)} ({problem})") from problem
        self.names = tuple(self._members)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._zip.close()
        self._file.close()

    def read(self, name: str) -> Array:
        """Return one array. Raises `error` where it is damaged, or has a dtype that would need pickle."""
        info = self._members[name]
        try:
            if info.flag_bits & ENCRYPTED:
                raise ValueError("it is encrypted")
            with self._zip.open(info) as member:
                return read_array(member, info.file_size)
        except (*DAMAGE, MemoryError) as problem:
            raise self._error(f'{self.path}: array "{name}" cannot be read: {problem}') from problem


def not_an_archive(start: bytes) -> str:
    """Return the message about a file that is no zip archive, from its first bytes."""
    if start.startswith(b"PK"):
        return "the .npz archive is damaged or truncated"
    if start.startswith(npy.MAGIC_PREFIX):
        return "a single .npy array, where an .npz archive of named arrays is needed"
    return "not an .npz archive"


def read_array(member: IO[bytes], file_size: int) -> Array:
    """Return the array of one .npy member of `file_size` bytes.

    Unlike numpy.load, it checks the header against the size before it allocates memory. Raises ValueError or EOFError.
    Source: NEP 1, "A simple file format for NumPy arrays".
    """
    version = npy.read_magic(member)
    if version == (1, 0):
        shape, fortran_order, dtype = npy.read_array_header_1_0(member)
    elif version == (2, 0):
        shape, fortran_order, dtype = npy.read_array_header_2_0(member)
    else:
        raise ValueError(f".npy version {version} is not supported")
    if dtype.hasobject:
        raise ValueError(
            "it holds pickled Python objects, which are never loaded; astype(int), astype(float) or astype(str) makes "
            "an array without"
        )
    if any(size < 0 for size in shape) or not dtype.itemsize:
        raise ValueError(f"impossible shape {shape} of {dtype}")
    count = 1
    for size in shape:  # with Python's integers: a forged shape must not overflow
        count *= size
    found = file_size - member.tell()
    if found != count * dtype.itemsize:
        raise ValueError(f"{shape_text(shape)} of {dtype} need {count * dtype.itemsize:,} bytes, not {found:,}")
    array = np.empty(count, dtype)
    target = array.view(np.uint8).data
    position = 0
    while position < found:
        read = member.readinto(target[position:])  # type: ignore[attr-defined]  # zipfile's streams have it
        if not read:
            raise EOFError(f"it ends after {position:,} of {found:,} bytes")
        position += read
    member.read(1)  # zipfile checks the checksum only when it reaches the end
    return array.reshape(shape, order="F" if fortran_order else "C")


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


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file that replaces `path` when the block ends, and is deleted if the block raises.

    The replacement is atomic: another process sees the old file or the new one, never a part of it, even after a crash
    of the machine, because file and folder are fsynced. Of a symbolic link, the target is replaced. The permissions are
    those of a new file. Raises OSError.
    """
    target = Path(os.path.realpath(path))
    temporary = target.parent / f".graphnn-{secrets.token_hex(8)}.tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    fsync_folder(target.parent)


def fsync_folder(folder: Path) -> None:
    """Make changes of the names in `folder` survive a crash of the machine, on systems that can fsync a folder."""
    if not hasattr(os, "O_DIRECTORY"):  # Windows
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
