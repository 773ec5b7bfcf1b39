"""What the readers of foreign files share: the bytes of a file, and what other libraries say of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from graphnn.errors import WeightsError
from graphnn.machine.memory import shortage
from graphnn.storage.regular_files import open_regular, reading_problem
from graphnn.storage.weights import beside
from graphnn.text.installing import import_remedy
from graphnn.text.numbers import bytes_text

LONGEST = 200  # characters of what another library says, which may quote the file
SUFFIXES = (".npz", ".safetensors", ".pt", ".pth", ".bin", ".ckpt", ".onnx", ".keras", ".h5")


@contextmanager
def readable(path: Path) -> Iterator[BinaryIO]:
    """Open a regular file. Raises WeightsError where it cannot be opened or read."""
    try:
        with open_regular(path) as file:
            yield file
    except FileNotFoundError as problem:
        raise WeightsError(f"{path}: no such file{beside(path, SUFFIXES)}") from problem
    except (OSError, ValueError) as problem:
        why = reading_problem(problem) if isinstance(problem, OSError) else f"cannot be read: {problem}"
        raise WeightsError(f"{path}: {why}") from problem


def file_content(path: Path, copies: int) -> bytes:
    """Return the bytes of a regular file. copies: of them, that are in memory until the arrays are read.

    Raises WeightsError where it cannot be read, or where there is not so much memory.
    """
    with readable(path) as file:
        check_memory(copies * file.seek(0, 2), path)
        file.seek(0)
        return file.read()


def file_start(path: Path, count: int) -> bytes:
    """Return the first bytes of a regular file. Raises WeightsError where it cannot be read."""
    with readable(path) as file:
        return file.read(count)


def check_memory(needed: int, path: Path) -> None:
    """Raise WeightsError where reading takes more bytes of memory than there are."""
    short = shortage(needed)
    if short is not None:
        raise WeightsError(f"{path}: reading it takes {bytes_text(needed)}, but {short}")


def import_problem(problem: ImportError, extra: str) -> str:
    """Return that a package is missing, or broken, with the command that installs the extra of graphnn that has it."""
    return f", which is not installed{import_remedy(problem, extra)}"


def first_line(problem: BaseException) -> str:
    """Return the first line of what another library says."""
    lines: Iterator[str] = (line.strip() for line in str(problem).splitlines())
    return next((line for line in lines if line), type(problem).__name__).rstrip(".")[:LONGEST]
