"""Writes text that comes in parts to a file, whole or not at all."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from graphnn.errors import WeightsError
from graphnn.storage.replacing import replacing


@contextmanager
def text_replacing(path: Path) -> Iterator[Callable[[str], None]]:
    """Open a file that replaces `path` when the block ends, and return the function that writes text to it, in UTF-8.

    If the block raises, nothing is changed. Raises WeightsError where the file cannot be written.
    """
    with ExitStack() as stack:
        with told(path):
            file = stack.enter_context(replacing(path))

        def write(text: str) -> None:
            with told(path):
                file.write(text.encode())

        yield write
        with told(path):
            stack.close()


@contextmanager
def told(path: Path) -> Iterator[None]:
    """A context in which OSError becomes a WeightsError that names the file."""
    try:
        yield
    except OSError as problem:
        raise WeightsError(f"{path}: cannot be written: {problem.strerror or problem}") from problem
