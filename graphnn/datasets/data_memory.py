"""How much memory the samples of a data set take, known before any of them is loaded."""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from graphnn.datasets.base import facts_of
from graphnn.errors import DataError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.storage.archives import Archive
from graphnn.storage.npy_arrays import Header

INPUTS, TARGETS = ("x_train", "x_test"), ("y_train", "y_test")
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


def data_memory(name: str, path: Path | None) -> DataMemory:
    """Return the memory of a data set, from its facts or from the headers in the user's file.

    UNKNOWN where it cannot be told, as of a file that is damaged, of which loading says what is wrong.
    """
    facts = facts_of(name)
    if facts is not None:
        stored = facts.samples * (math.prod(facts.shape) + LABEL)
        return DataMemory(stored, 2 * stored, facts.samples)  # the records as read, and the images made of them
    return UNKNOWN if path is None else memory_of_arrays(path)


def memory_of_arrays(path: Path) -> DataMemory:
    """Return the memory of the samples in a .npz file. Other arrays in it are not read, and so not counted."""
    try:
        with Archive(path, DataError) as archive:
            return memory_of({key: archive.header(key) for key in (*INPUTS, *TARGETS)})
    except (DataError, FileNotFoundError, KeyError):
        return UNKNOWN


def memory_of(headers: Mapping[str, Header]) -> DataMemory:
    """Return the memory of the samples in a .npz file, by the headers of its arrays."""
    inputs, targets = ([headers[key] for key in keys] for keys in (INPUTS, TARGETS))
    kept = sum(bytes_kept(each) for each in inputs)
    kept += sum(max(each.nbytes, LABEL * samples_of(each)) for each in targets)
    loading = sum(each.nbytes for each in headers.values()) + max(bytes_copied(each) for each in inputs)
    return DataMemory(kept, loading, sum(samples_of(each) for each in inputs))


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
