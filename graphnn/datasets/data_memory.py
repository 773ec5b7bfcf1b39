"""How much memory the samples of a data set take, known before any of them is loaded."""

import math
import stat
import zipfile
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

from graphnn.datasets.base import facts_of
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.storage.archives import DAMAGE

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
        if not stat.S_ISREG(path.stat().st_mode):
            return UNKNOWN
        with zipfile.ZipFile(path) as archive:
            inputs = [header(archive, f"x_{part}") for part in ("train", "test")]
            labels = [header(archive, f"y_{part}") for part in ("train", "test")]
    except (*DAMAGE, KeyError):
        return UNKNOWN
    as_read = sum(each.as_read for each in (*inputs, *labels))
    kept = sum(each.kept for each in inputs) + sum(max(each.as_read, LABEL * each.samples) for each in labels)
    loading = as_read + max(each.while_converted - each.as_read for each in inputs)
    return DataMemory(kept, loading, sum(each.samples for each in inputs))


@frozen_dataclass
class Header:
    """The type and the shape of an array in a file."""

    dtype: "np.dtype[np.generic]"
    shape: tuple[int, ...]

    @property
    def samples(self) -> int:
        """How many samples there are."""
        return self.shape[0] if self.shape else 0

    @property
    def as_read(self) -> int:
        """The bytes of the array as it is read."""
        return self.dtype.itemsize * math.prod(self.shape)

    @property
    def kept(self) -> int:
        """The bytes of inputs as they are kept: bytes as they are, other numbers as float32."""
        return self.as_read if self.dtype == np.uint8 else FLOAT * math.prod(self.shape)

    @property
    def while_converted(self) -> int:
        """The most bytes while inputs are converted to float32; others are put in order where they lie."""
        return self.as_read + (0 if self.dtype in (np.uint8, np.float32) else self.kept)


def header(archive: zipfile.ZipFile, key: str) -> Header:
    """Return the header of an array. Raises ValueError where the array's size in the archive is another one."""
    info = archive.getinfo(f"{key}.npy")
    with archive.open(info) as member:
        read = npy.read_array_header_1_0 if npy.read_magic(member) == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = read(member)
        found = Header(dtype, tuple(map(int, shape)))
        if found.as_read != info.file_size - member.tell():
            raise ValueError(f"{key}: {found.as_read} bytes announced")
    return found
