"""Where compiled functions are kept between processes, so that only the first one waits for the compiler."""

import hashlib
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

from platformdirs import user_cache_path

COMPILED = Path(__file__).parent / "compiled"
LARGE = 2**16  # bytes; most files of compiled functions are smaller


class NothingKept(UserWarning):
    """Compiled functions cannot be kept, so each process compiles them anew."""


def cache_folder(given: str) -> Path | None:
    """Return the first folder for compiled functions that is writable; None, with a NothingKept warning, without one.

    given: NUMBA_CACHE_DIR, numba's own setting, which goes first; empty where it is not set.
    """
    tried = list(candidates(given))
    for folder in tried:
        if is_writable(folder):
            return folder
    warn_that_nothing_is_kept(f"{tried[0]} is not writable, or its disk is full", stacklevel=3)
    return None


def warn_that_nothing_is_kept(why: str, *, stacklevel: int = 2) -> None:
    """Issue the NothingKept warning."""
    warnings.warn(
        f"compiled functions cannot be kept: {why}; each run compiles them for some seconds; set NUMBA_CACHE_DIR to a "
        "writable folder, or take --kernels numpy, which needs no compiling",
        NothingKept,
        stacklevel=stacklevel,
    )


def candidates(given: str) -> Iterator[Path]:
    """Yield the folders to try: of numba's own setting, of the user's cache, and beside the compiled functions.

    Each version of the code has folders of its own, because numba checks only the file in which a function is defined,
    not the files of the functions that it calls.
    """
    version = version_of_code()
    if given:
        yield Path(given) / "graphnn" / version
    yield user_cache_path("graphnn") / "compiled" / version
    yield COMPILED / "__pycache__" / version


def version_of_code() -> str:
    """Return a name that changes with any source file of the compiled functions."""
    files = [*sorted(COMPILED.glob("*.py")), COMPILED.parent / "vectors.py"]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


def is_writable(folder: Path) -> bool:
    """Whether files can be written into a folder, which is made where it is missing; not so on a full disk."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
            return file.write(bytes(LARGE)) == LARGE
    except OSError:
        return False
