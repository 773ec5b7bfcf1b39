"""Arrays in the .npy format, whose header is checked before memory is allocated.

Source: NEP 1, "A simple file format for NumPy arrays".
"""

import ast
import os
import re
import struct
import warnings
from typing import IO, Any, BinaryIO, Literal, cast

import numpy as np
from numpy.lib import format as npy

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.types import Array, Shape, shape_text

LENGTHS = {(1, 0): "<H", (2, 0): "<I"}  # how versions of the format store the length of the header
BLOCK = 1 << 20  # bytes read at a time, because zipfile makes a copy of them
LONGEST_HEADER = 10_000  # bytes, as in numpy
MOST_DIMENSIONS = 32  # of any numpy
KEYS = {"descr", "fortran_order", "shape"}
TYPE = re.compile(r"[<>|=]?[?biufcmMSUVO]\d*(\[\w+\])?")


@frozen_dataclass
class Header:
    """What a .npy file says of its array. fortran_order: whether the first index changes fastest in the file."""

    shape: Shape
    dtype: np.dtype[Any]
    fortran_order: bool

    @property
    def nbytes(self) -> int:
        """The size of the array, exact for any shape."""
        count = 1
        for size in self.shape:
            count *= size
        return count * self.dtype.itemsize

    def text(self) -> str:
        """Return the shape and the type in words: 3×2 of float32."""
        return f"{shape_text(self.shape)} of {self.dtype}" if self.shape else f"one {self.dtype}"


def read_header(file: IO[bytes]) -> Header:
    """Read the header at the start of a .npy file, and stop at the first byte of the array.

    Raises ValueError for what is no header, or one of an array that would need pickle or cannot be.
    """
    version = npy.read_magic(file)
    if version not in LENGTHS:
        raise ValueError(f".npy version {version} is not supported")
    (length,) = struct.unpack(LENGTHS[version], exactly(file, struct.calcsize(LENGTHS[version])))
    if length > LONGEST_HEADER:
        raise ValueError(f"its header takes {length:,} bytes, where at most {LONGEST_HEADER:,} are read")
    return parsed(exactly(file, length).decode("latin1").strip())


def exactly(file: IO[bytes], count: int) -> bytes:
    """Return the next `count` bytes. Raises EOFError where the file has fewer."""
    found = file.read(count)
    if len(found) != count:
        raise EOFError("it ends within its header")
    return found


def parsed(text: str) -> Header:
    """Return the header with this text. Raises ValueError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what Python warns of in a literal is no header
            values = ast.literal_eval(re.sub(r"(?<=\d)L\b", "", text))  # Python 2 wrote integers as 3L
    except (ValueError, TypeError, SyntaxError, Warning, MemoryError, RecursionError) as problem:
        raise ValueError(f"its header is not readable: {text!r:.60}") from problem
    if not isinstance(values, dict) or set(values) != KEYS:
        raise ValueError(f"its header has not exactly the keys {', '.join(sorted(KEYS))}: {text!r:.60}")
    shape, fortran_order = values["shape"], values["fortran_order"]
    if not isinstance(shape, tuple) or not all(type(size) is int and size >= 0 for size in shape):
        raise ValueError(f"impossible shape {shape!r:.60}")
    if len(shape) > MOST_DIMENSIONS:
        raise ValueError(f"its shape has {len(shape)} dimensions, where at most {MOST_DIMENSIONS} are possible")
    if type(fortran_order) is not bool:
        raise ValueError(f"its order is {fortran_order!r:.60}, where True or False is needed")
    return Header(shape, element_type(values["descr"]), fortran_order)


def element_type(description: object) -> np.dtype[Any]:
    """Return the type of the elements, or of their fields where these have names.

    Raises ValueError where it is unknown, of no size, or would need pickle.
    """
    if not is_type(description) and not (isinstance(description, list) and all(map(is_field, description))):
        raise ValueError(f"the type of its elements is {description!r:.60}, where one of numbers or text is needed")
    try:
        dtype = np.dtype(cast(str, description))  # or a list of fields
    except (TypeError, ValueError, OverflowError) as problem:
        raise ValueError(f"the type of its elements, {description!r:.60}, is unknown") from problem
    if dtype.hasobject:
        raise ValueError(
            "it holds pickled Python objects, which are never loaded; astype(int), astype(float) or astype(str) makes "
            "an array without"
        )
    if not dtype.itemsize:
        raise ValueError(f"its elements have no size: {description!r:.60}")
    return dtype


def is_type(description: object) -> bool:
    """Return whether it is one of the types whose values lie in the file as they are."""
    return isinstance(description, str) and TYPE.fullmatch(description) is not None


def is_field(description: object) -> bool:
    """Return whether it is the name and the type of a field."""
    return (
        isinstance(description, tuple)
        and len(description) == 2
        and isinstance(description[0], str)
        and is_type(description[1])
    )


def read_array(member: IO[bytes], file_size: int) -> Array:
    """Return the array of one .npy file of `file_size` bytes.

    Unlike numpy.load, it checks the header against the size before it allocates memory. Raises ValueError, EOFError
    or MemoryError.
    """
    header = read_header(member)
    found = file_size - member.tell()
    if found != header.nbytes:
        raise ValueError(f"{header.text()} need {header.nbytes:,} bytes, not {found:,}")
    array: Array = np.empty(found // header.dtype.itemsize, header.dtype)
    target = array.view(np.uint8).data
    position = 0
    while position < found:
        read = member.readinto(target[position : position + BLOCK])  # type: ignore[attr-defined]  # zipfile's streams have it
        if not read:
            raise EOFError(f"it ends after {position:,} of {found:,} bytes")
        position += read
    member.read(1)  # zipfile checks the checksum only when it reaches the end
    return array.reshape(header.shape, order="F" if header.fortran_order else "C")


def map_array(file: BinaryIO, file_size: int) -> Array:
    """Return the array of the .npy file of `file_size` bytes that starts here in an open file, mapped, not read.

    It cannot be changed. Raises ValueError, EOFError or OSError.
    """
    start = file.tell()
    header = read_header(file)
    found = start + file_size - file.tell()
    if found != header.nbytes:
        raise ValueError(f"{header.text()} need {header.nbytes:,} bytes, not {found:,}")
    if not found:
        return np.empty(header.shape, header.dtype)
    if file.tell() + found > os.fstat(file.fileno()).st_size:
        raise EOFError("the file ends within it")
    order: Literal["F", "C"] = "F" if header.fortran_order else "C"
    return np.memmap(file, header.dtype, "r", file.tell(), header.shape, order)
