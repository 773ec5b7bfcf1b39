"""Samples from a user's files, pictures and .npy arrays, in the shape and values of the data set."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import numpy as np

from graphnn.datasets.agreement import DARK, range_text, scale_problem
from graphnn.datasets.precision import pieces
from graphnn.datasets.provenance import Provenance
from graphnn.errors import DataError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.machine.memory import shortage
from graphnn.pictures.handwriting import HALF, edge_mean, handwriting
from graphnn.pictures.ink_form import InkForm
from graphnn.pictures.opening import SUFFIXES, picture_bytes, without_warnings
from graphnn.pictures.resizing import MODES, fitted
from graphnn.storage.archives import DAMAGE
from graphnn.storage.npy_arrays import Header, read_array, read_header
from graphnn.storage.regular_files import open_regular
from graphnn.text.numbers import bytes_text
from graphnn.types import NUMERIC, Array, Shape, shape_text


@frozen_dataclass
class FromFile:
    """The samples of one file: x, N×(shape of a sample), not normalised; and notes for the user.

    single: whether the file is one sample rather than a batch, even of one.
    notes: (kind, details) in words; a kind that many files share can be reported once.
    """

    x: Array
    single: bool
    notes: tuple[tuple[str, str], ...] = ()


@frozen_dataclass
class Reader:
    """Reads files for a network.

    data_shape: of one sample in the data set. input_shape: the network's. bytes_in_data: whether the data set's values
    are 0…255, like those of pictures. light_on_dark: whether the data set's images are. invert: whether to invert the
    brightness of pictures. ink: how the data set holds the ink of handwriting, for pictures to be prepared so; None: as
    they are. resize: how a picture comes to the size, as in the data set "images". provenance: what the
    weights were trained on, as far as it is known. most_pixels: of a picture, by default
    those that `decoded` reads.
    """

    data_shape: Shape
    input_shape: Shape
    bytes_in_data: bool = True
    light_on_dark: bool = False
    invert: bool = False
    ink: InkForm | None = None
    resize: str = "stretch"
    provenance: Provenance | None = None
    most_pixels: int | None = None

    def read(self, path: Path) -> FromFile:
        """Return the samples of a file. Raises DataError where it does not fit, OSError where it cannot be opened."""
        if path.is_dir():
            raise DataError(f"{path}: is a folder; name the files in it, for example {path / '*.png'}")
        suffix = path.suffix.lower()
        if suffix == ".npy":
            return self.read_array(path)
        if suffix in SUFFIXES:
            return self.read_picture(path)
        path.stat()  # so that one that is not there is told as such
        raise DataError(f'{path}: "{suffix}" is not a file type that is read here; known: {", ".join(SUFFIXES)}, .npy')

    def read_array(self, path: Path) -> FromFile:
        """Return the samples of an .npy file: one sample in one of the accepted shapes, or a batch of them.

        Type, shape and size are checked before the array is read.
        """
        with open_regular(path) as file:
            return self.array(path, file, os.fstat(file.fileno()).st_size)

    def array(self, path: Path, file: BinaryIO, size: int) -> FromFile:
        """Return the samples of an opened .npy file of `size` bytes, as `read_array`. path: for messages."""
        try:
            single = self.check_header(path, read_header(file))
            file.seek(0)
            x = read_array(file, size)
        except OSError:
            raise
        except (*DAMAGE, MemoryError) as problem:
            raise DataError(f"{path}: is not a readable .npy array: {problem}") from problem
        if not all(np.isfinite(as_float32(piece)).all() for piece in pieces(x)):
            raise DataError(f"{path}: holds numbers that are not finite")
        return FromFile(x.reshape(-1, *self.data_shape), single, self.scale_notes(x))

    def check_header(self, path: Path, header: Header) -> bool:
        """Return whether an array is one sample rather than a batch.

        Raises DataError where it holds no numbers, has another shape, or is larger than the memory there is.
        """
        single = self.is_single(path, header)
        check_memory(path, header)
        return single

    def is_single(self, path: Path, header: Header) -> bool:
        """Return whether an array is one sample. Raises DataError where it holds no numbers, or has another shape."""
        if header.dtype.kind not in NUMERIC:
            raise DataError(f"{path}: holds {header.dtype}, not numbers")
        for shape in self.accepted_shapes():
            if header.shape == shape or (len(header.shape) > len(shape) and header.shape[1:] == shape):
                return header.shape == shape
        raise DataError(f"{path}: {self.shape_message(header.shape)}")

    def accepted_shapes(self) -> Iterable[Shape]:
        """Return the accepted shapes of one sample: the data set's, the network's, and H×W where C is 1."""
        shapes = [self.data_shape, self.input_shape]
        if len(self.data_shape) == 3 and self.data_shape[0] == 1:
            shapes.append(self.data_shape[1:])
        return shapes

    def shape_message(self, found: Shape) -> str:
        """Return the message about an array whose shape does not fit."""
        needed = shape_text(self.data_shape)
        text = f"the array is {shape_text(found) or 'a single number'}; one sample is {needed}, a batch N×{needed}"
        if len(self.data_shape) == 3:
            channels, height, width = self.data_shape
            if found[-3:] == (height, width, channels):
                order = (2, 0, 1) if len(found) == 3 else (0, 3, 1, 2)
                text += f"; it is channels last: use array.transpose{order}"
        return text

    def scale_notes(self, x: Array) -> tuple[tuple[str, str], ...]:
        """Return a note where values are in 0…1, or in 0…16 as digits are published, and the data set's in 0…255.

        Or the other way round.
        """
        if self.bytes_in_data and x.size and x.min() >= 0 and 0 < x.max() <= DARK:
            found = f"values lie in 0…{1 if x.max() <= 1 else DARK}"
            return ((f"{found}, those of the data set in 0…255; scale them so", ""),)
        problem = None if self.provenance is None else scale_problem(self.provenance, x)
        return () if problem is None else ((problem, ""),)

    def read_picture(self, path: Path) -> FromFile:
        """Return the one sample of a file with a picture, converted to the data set's number of channels and size."""
        self.check_picture(path)
        with without_warnings():
            return self.picture(path, picture_bytes(path))

    def check_picture(self, path: Path) -> None:
        """Raise DataError where the network takes no pictures."""
        if len(self.data_shape) != 3 or self.data_shape[0] not in MODES:
            raise DataError(
                f"{path}: a picture is 1×H×W or 3×H×W, but the network takes {shape_text(self.data_shape)}; "
                f"give {'another table' if self.provenance and self.provenance.table else 'an .npy array'}"
            )

    def picture(self, path: Path, content: bytes) -> FromFile:
        """Return the sample of a picture in the bytes of a file, as `read_picture`. path: for messages."""
        self.check_picture(path)
        channels, height, width = self.data_shape
        notes: list[tuple[str, str]] = []
        pixels = None
        if self.ink is not None:
            prepared = handwriting(path, content, self.ink, height, invert=self.invert, most=self.most_pixels)
            pixels = None if prepared.pixels is None else prepared.pixels[..., np.newaxis]
            notes += prepared.notes
        if pixels is None:
            found = fitted(path, content, (channels, height, width), self.resize, self.most_pixels)
            pixels = found.pixels
            if found.size != (width, height):
                notes.append((f"resized to {width}×{height}", "from {}×{}".format(*found.size)))
            if self.invert:
                pixels = 255 - pixels
            elif self.light_on_dark and edge_mean(pixels) >= HALF:
                notes.append(("looks dark on light, but the data set is light on dark; try --invert", ""))
        if not self.bytes_in_data:
            known = self.provenance and self.provenance.range
            values = f"those of the training inputs lie in {range_text(known)}" if known else "the data set should have"
            notes.append((f"pixels are read as 0…255; {values}{'' if known else ' such values too'}", ""))
        return FromFile(pixels.transpose(2, 0, 1)[None], True, tuple(notes))


def check_memory(path: Path, header: Header) -> None:
    """Raise DataError where an array is larger than the memory there is."""
    there = shortage(needed := header.nbytes * (2 if header.fortran_order else 1))
    if there is not None:
        raise DataError(f"{path}: {header.text()} takes {bytes_text(needed)}, but {there}")


def as_float32(x: Array) -> Array:
    """Return x as float32, infinite where it does not fit."""
    with np.errstate(over="ignore"):
        return x.astype(np.float32, copy=False)
