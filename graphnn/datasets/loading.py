"""A data set loaded by the name that a document gives it."""

from pathlib import Path

from graphnn.datasets import cifar10, digits, mnist, npz  # noqa: F401 - each registers itself
from graphnn.datasets.base import DATASETS, Dataset, Source
from graphnn.errors import DataError
from graphnn.text.suggestions import closest, quoted


def load(
    name: str,
    *,
    path: str | Path | None = None,
    data_dir: str | Path | None = None,
    show_progress: bool = True,
) -> Dataset:
    """Return the data set of that name; published ones are downloaded where they are not in their folder.

    path: the file of "npz", which needs one; no other takes one. data_dir: the folder that holds mnist/ and cifar10/,
    instead of GRAPHNN_DATA or the user's cache. Raises DataError.
    """
    if name not in DATASETS:
        close = closest(name, DATASETS)
        suggestion = f"; did you mean {quoted(close)}?" if close else "."
        raise DataError(f"unknown data set {quoted(name)}{suggestion} Known: {', '.join(sorted(DATASETS))}")
    if path is not None and name != "npz":
        raise DataError(f'the data set "{name}" takes no path; data.path belongs to "npz"')
    try:
        return DATASETS[name](Source(as_path(path), as_path(data_dir), show_progress))
    except OSError as problem:
        raise DataError(f"{name}: {problem.filename}: {problem.strerror}") from problem


def as_path(path: str | Path | None) -> Path | None:
    """Return a path that may be absent."""
    return None if path is None else Path(path)
