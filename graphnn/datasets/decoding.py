"""Decodes the pictures in many files on all cores."""

import hashlib
from collections import deque
from collections.abc import Container, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from graphnn.errors import DataError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.machine.cores import available_cores
from graphnn.pictures.opening import picture_bytes
from graphnn.pictures.resizing import fitted
from graphnn.storage.regular_files import reading_problem
from graphnn.types import Array

AT_ONCE = 16  # files that a thread takes at a time
AHEAD = 4  # times so many for each core are decoded before the first of them is used
DIGEST = 16  # bytes


@frozen_dataclass(eq=False)
class DecodedPicture:
    """One file. digest: of its bytes. pixels: H×W×C; None where they are known by the digest, or cannot be had.

    problem: why they cannot; else "".
    """

    digest: bytes
    pixels: Array | None = None
    problem: str = ""


def decode(
    root: Path, paths: Sequence[str], shape: tuple[int, int, int], resize: str, *, known: Container[bytes]
) -> Generator[DecodedPicture, None, None]:
    """Yield each file's picture, in order, brought to C×H×W; resize: as `pictures.resizing.resized`.

    paths: relative to root. known: digests of files that need not be decoded. Threads decode, because Pillow lets
    others run meanwhile: on two cores they are as fast as two processes, which hand over their results in pipes.
    """

    def some(start: int) -> list[DecodedPicture]:
        return [decoded_file(root, path, shape, resize, known) for path in paths[start : start + AT_ONCE]]

    cores = available_cores()
    begun: deque[Future[list[DecodedPicture]]] = deque()
    pool = ThreadPoolExecutor(cores, "decode")
    try:
        for start in range(0, len(paths), AT_ONCE):
            begun.append(pool.submit(some, start))
            if len(begun) > AHEAD * cores:
                yield from begun.popleft().result()
        while begun:
            yield from begun.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def decoded_file(
    root: Path, name: str, shape: tuple[int, int, int], resize: str, known: Container[bytes]
) -> DecodedPicture:
    """Return the picture in one file, as in `decode`."""
    path = root / name
    try:
        content = picture_bytes(path)
    except OSError as problem:
        return DecodedPicture(bytes(DIGEST), problem=reading_problem(problem))
    except DataError as problem:
        return DecodedPicture(bytes(DIGEST), problem=without_path(problem, path))
    found = hashlib.blake2b(content, digest_size=DIGEST).digest()
    if found in known:
        return DecodedPicture(found)
    try:
        return DecodedPicture(found, fitted(path, content, shape, resize).pixels)
    except DataError as problem:
        return DecodedPicture(found, problem=without_path(problem, path))


def without_path(problem: DataError, path: Path) -> str:
    """Return what is wrong with a file, without its name."""
    return str(problem).removeprefix(f"{path}: ")


def content_digest(path: Path) -> bytes:
    """Return the digest of a file's bytes, as `decode` gives it; zeros where it cannot be read."""
    try:
        return hashlib.blake2b(picture_bytes(path), digest_size=DIGEST).digest()
    except (OSError, DataError):
        return bytes(DIGEST)
