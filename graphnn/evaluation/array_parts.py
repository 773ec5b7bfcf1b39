"""Reads an .npy array some samples at a time, so that one of any size takes little memory."""

from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np

from graphnn.datasets.precision import pieces
from graphnn.engine.inference import CHUNK
from graphnn.errors import DataError
from graphnn.evaluation.inputs import FromFile, Reader, as_float32, check_memory
from graphnn.storage.archives import DAMAGE
from graphnn.storage.npy_arrays import Header, read_header
from graphnn.types import Array

BLOCK = 1 << 20  # bytes read at a time


def array_parts(reader: Reader, path: Path, file: IO[bytes], size: int | None = None) -> Iterator[FromFile]:
    """Yield the samples of an .npy array in a file or a pipe, at most CHUNK at a time, each with its own notes.

    size: of the file in bytes, where it is known before it is read. path: for messages. Raises DataError where the
    array does not fit the network or is damaged; in a pipe this is seen when it ends.
    """
    try:
        header = read_header(file)
        single = reader.is_single(path, header)
        count = 1 if single else header.shape[0]
        if not count:
            raise DataError(f"{path}: holds no samples")
        if size is not None and size - file.tell() != header.nbytes:
            raise ValueError(f"{header.text()} need {header.nbytes:,} bytes, not {size - file.tell():,}")
        if header.fortran_order:
            check_memory(path, header)
        at_once = count if header.fortran_order else CHUNK
        for start in range(0, count, at_once):
            x = read_samples(file, header, count, min(at_once, count - start)).reshape(-1, *reader.data_shape)
            yield FromFile(x, single, reader.scale_notes(x))
        if file.read(1):
            raise ValueError(f"more bytes follow the {header.nbytes:,} of {header.text()}")
    except OSError:
        raise
    except (*DAMAGE, MemoryError) as problem:
        raise DataError(f"{path}: is not a readable .npy array: {problem}") from problem


def read_samples(file: IO[bytes], header: Header, count: int, wanted: int) -> Array:
    """Return the next samples of an array of `count` samples. Raises EOFError where it ends before."""
    length = header.nbytes // count * wanted
    content = bytearray(length)
    position = 0
    while position < length:
        read = file.read(min(BLOCK, length - position))
        if not read:
            raise EOFError(f"it ends before its {header.nbytes:,} bytes")
        content[position : position + len(read)] = read
        position += len(read)
    x = np.frombuffer(content, header.dtype)
    return x.reshape(header.shape, order="F") if header.fortran_order else x.reshape(wanted, -1)


def finite_samples(x: Array) -> Array:
    """Return of each sample whether all of its numbers are finite as float32."""
    return np.concatenate([np.isfinite(as_float32(piece)).reshape(len(piece), -1).all(axis=1) for piece in pieces(x)])
