"""A data set loaded by the name that a document gives it."""

from pathlib import Path

from graphnn.datasets.base import DATASETS, Dataset, Location
from graphnn.errors import DataError


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
    dataset = DATASETS.find(name)
    if path is not None and not dataset.takes_path:
        others = ", ".join(f'"{other}"' for other, one in DATASETS.items() if one.takes_path)
        raise DataError(f'the data set "{name}" takes no path; data.path belongs to {others}')
    try:
        return dataset.load(Location(as_path(path), as_path(data_dir), show_progress))
    except OSError as problem:
        raise DataError(f"{name}: {problem.filename}: {problem.strerror}") from problem


def as_path(path: str | Path | None) -> Path | None:
    """Return a path that may be absent."""
    return None if path is None else Path(path)
