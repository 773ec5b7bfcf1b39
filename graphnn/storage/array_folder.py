"""Reading the .npy files of a folder by their names, as the arrays of one archive are read."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from graphnn.errors import GraphError
from graphnn.storage.archives import DAMAGE, LONGEST
from graphnn.storage.memory import memory_problem
from graphnn.storage.npy_arrays import Header, map_array, read_array, read_header
from graphnn.storage.regular_files import open_regular, reading_problem
from graphnn.types import Array

SUFFIX = ".npy"


class ArrayFolder:
    """A folder of .npy files, each an array with the name of its file. Every failure is raised as `error`.

    names: of the arrays, in alphabetical order. It has the methods of an Archive.
    """

    def __init__(self, path: Path, error: type[GraphError]) -> None:
        self.path = path
        self._error = error
        try:
            files = [file for file in path.iterdir() if file.suffix == SUFFIX and not file.is_dir()]
        except OSError as problem:
            raise error(f"{path}: {reading_problem(problem)}") from problem
        self._files = {file.stem: file for file in sorted(files)}
        self.names = tuple(self._files)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def header(self, name: str) -> Header:
        """Return the shape and type of an array, of which only the start is read. Raises `error`."""
        file = self._files[name]
        with self._reading(file), open_regular(file) as member:
            header = read_header(member)
            found = file.stat().st_size - member.tell()
            if found != header.nbytes:
                raise ValueError(f"{header.text()} need {header.nbytes:,} bytes, not {found:,}")
            return header

    def read(self, name: str) -> Array:
        """Return one array. Raises `error` where it is damaged, would need pickle, or is larger than the memory."""
        file = self._files[name]
        with self._reading(file), open_regular(file) as member:
            size = file.stat().st_size
            problem = memory_problem(size)
            if problem is not None:
                raise ValueError(f"it has {problem}")
            return read_array(member, size)

    def can_map(self, name: str) -> bool:
        """Return whether an array lies in its file as it is in memory, its first index slowest."""
        return not self.header(name).fortran_order

    def mapped(self, name: str) -> Array:
        """Return an array in its place in the file, of which only what is used gets read; it cannot be changed.

        name: of an array that `can_map`. Raises `error`.
        """
        file = self._files[name]
        with self._reading(file), open_regular(file) as member:
            return map_array(member, file.stat().st_size)

    @contextmanager
    def _reading(self, file: Path) -> Iterator[None]:
        try:
            yield
        except (*DAMAGE, MemoryError) as problem:
            raise self._error(f"{file}: cannot be read: {problem!s:.{LONGEST}}") from problem
