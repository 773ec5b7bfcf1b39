"""How much memory the samples of a data set take, known before any of them is loaded."""

import csv
import math
from pathlib import Path

import numpy as np

from graphnn.datasets.array_files import CLASS_NAMES, TEST, ArrayFile, ArrayKeys, keys_of, mapped_names, open_arrays
from graphnn.datasets.base import DATASETS, facts_of
from graphnn.datasets.table_memory import NARROW, READING, size_of
from graphnn.errors import DataError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.storage.npy_arrays import Header

LABEL = 8  # bytes, as loaded
FLOAT = 4


@frozen_dataclass
class DataMemory:
    """About how many bytes samples take. stored: once they are loaded. loading: at most, while they are.

    samples: how many there are, in all parts; None where it cannot be told.
    """

    stored: int
    loading: int
    samples: int | None


UNKNOWN = DataMemory(0, 0, None)


def data_memory(name: str, path: Path | None, *, labelled: bool = True) -> DataMemory:
    """Return the memory of a data set, from its facts or from the headers in the user's file.

    labelled: whether its labels or targets are loaded.
    UNKNOWN where it cannot be told, as of a file that is damaged, of which loading says what is wrong.
    """
    facts = facts_of(name)
    if facts is not None:
        stored = facts.samples * (math.prod(facts.shape) + LABEL)
        return DataMemory(stored, 2 * stored, facts.samples)  # the records as read, and the images made of them
    if DATASETS.find(name).mapped:
        return DataMemory(0, 0, None)
    if path is None:
        return UNKNOWN
    return memory_of_table(path) if name == "csv" else memory_of_arrays(path, labelled=labelled)


def memory_of_table(path: Path) -> DataMemory:
    """Return about the memory of the samples in a table, a feature for each column."""
    try:
        rows, columns = size_of(path)
    except (DataError, OSError, csv.Error):
        return UNKNOWN
    kept = rows * (columns * NARROW + LABEL)
    return DataMemory(kept, rows * columns * READING, None)


def memory_of_arrays(path: Path, *, labelled: bool = True) -> DataMemory:
    """Return the memory of the samples in the user's arrays. Other arrays there are not read, and so not counted."""
    try:
        with open_arrays(path) as file:
            keys = keys_of(file, labelled=labelled)
            return memory_of(file, keys, mapped_names(file, keys))
    except DataError:
        return UNKNOWN


def memory_of(file: ArrayFile, keys: ArrayKeys, mapped: tuple[str, ...]) -> DataMemory:
    """Return the memory of the samples in the user's arrays, by their headers. mapped: the names of those that stay."""
    every = [file.header(name) for name in keys.x.values()]
    inputs = [file.header(name) for name in keys.x.values() if name not in mapped]
    targets = [file.header(name) for name in keys.y.values()]
    kept = sum(bytes_kept(each) for each in inputs)
    kept += sum(max(each.nbytes, LABEL * samples_of(each)) for each in targets)
    copied = max((bytes_copied(each) for each in inputs), default=0)
    if TEST not in keys.x:  # taking the samples of both parts copies them, in their type
        copied = max(copied, sum(each.nbytes for each in inputs))
    loading = sum(each.nbytes for each in (*inputs, *targets)) + copied
    if CLASS_NAMES in file.names:
        loading += file.header(CLASS_NAMES).nbytes
    return DataMemory(kept, loading, sum(samples_of(each) for each in every))


def samples_of(header: Header) -> int:
    """Return how many samples an array has."""
    return header.shape[0] if header.shape else 0


def bytes_kept(header: Header) -> int:
    """Return the bytes of inputs as they are kept: bytes as they are, other numbers as float32."""
    return header.nbytes if header.dtype == np.uint8 else FLOAT * (header.nbytes // header.dtype.itemsize)


def bytes_copied(header: Header) -> int:
    """Return the bytes of a copy of inputs in another type or order beside those in the file; 0 for none."""
    stays = header.dtype in (np.uint8, np.float32) and not header.fortran_order
    return 0 if stays else bytes_kept(header)
