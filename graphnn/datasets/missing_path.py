"""What a message says of a path where nothing is: what lies beside it and may be meant, or which folder is missing."""

from collections.abc import Callable, Sequence
from pathlib import Path

from graphnn.text.suggestions import did_you_mean


def near(path: Path, meant: Callable[[Sequence[Path]], str | None]) -> str:
    """Return the words that name what may be meant, or the folder that is missing; they end with ? or ;.

    meant: returns the name that is meant among what lies beside the path, of which nothing is known where the folder
    may not be read; None where there is none.
    """
    if not path.parent.is_dir():
        return f", nor a folder {path.parent};"
    try:
        beside = list(path.parent.iterdir())
    except OSError:  # a folder whose names may not be read
        beside = []
    found = meant(beside)
    return did_you_mean(found, [found]) if found else ";"
