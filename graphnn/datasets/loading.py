"""Loads a data set by its name in documents."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphnn.datasets.base import DATASETS, Dataset, Location
from graphnn.errors import DataError
from graphnn.metrics.outputs import Outputs

if TYPE_CHECKING:
    from graphnn.datasets.table_encoding import TableEncoding


def load(
    name: str,
    *,
    path: str | Path | None = None,
    data_dir: str | Path | None = None,
    show_progress: bool = True,
    outputs: type[Outputs] | None = None,
    settings: Mapping[str, Any] | None = None,
    table: TableEncoding | None = None,
) -> Dataset:
    """Return a data set; missing files of published ones are downloaded.

    name: as in documents, such as "mnist". path: the file or folder of "npz", "images" and "csv", which need it.
    data_dir: the folder with mnist/, cifar10/ and the like, and decoded pictures, by default that in GRAPHNN_DATA, else
    the user's cache. show_progress: whether downloads show a progress bar. outputs: what a network's outputs mean, as
    its loss says, and so how labels and targets of "npz" and "csv" are read; by default floats are targets. settings:
    the other keys of the document's section `data`, by default none; "csv" needs its target, "images" its size. table:
    how the columns of "csv" become features, by default as the table says. Raises DataError for an unknown name and for
    data that cannot be loaded.
    """
    dataset = DATASETS.find(name)
    if path is not None and not dataset.takes_path:
        others = ", ".join(f'"{other}"' for other, one in DATASETS.items() if one.takes_path)
        raise DataError(f'the data set "{name}" takes no path; data.path belongs to {others}')
    try:
        given = settings or {}
        location = Location(
            as_path(path), as_path(data_dir), show_progress, outputs, given, given.get("seed", 0), table
        )
        return dataset.load(location)
    except OSError as problem:
        raise DataError(f"{name}: {problem.filename}: {problem.strerror}") from problem


def as_path(path: str | Path | None) -> Path | None:
    """Return the Path of a string; None for None."""
    return None if path is None else Path(path)
