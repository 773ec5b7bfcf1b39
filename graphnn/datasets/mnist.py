"""The data set "mnist": 70,000 grey images of handwritten digits, 28×28, read from the published IDX files.

Source: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits", which describes the format.
"""

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np

from graphnn.datasets.base import DATASETS, Dataset, DatasetFacts, KnownDataset, Location, channels_last
from graphnn.datasets.remote import Remote
from graphnn.errors import DataError
from graphnn.types import Array, Shape, shape_text

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
REMEDY = "put a good copy there, or delete it, and it is downloaded"
CHUNK = 1 << 20  # bytes read at a time, because a damaged header may announce more than fits in memory
UNSIGNED_BYTE = 0x08  # the third byte of the magic number; the fourth is the number of axes


def published(name: str, md5: str, size: int) -> Remote:
    """Return one of the four files, with its address at each mirror."""
    return Remote(f"{name}.gz", tuple(f"{mirror}{name}.gz" for mirror in MIRRORS), md5, size)


FILES = {
    "train-images-idx3-ubyte": published("train-images-idx3-ubyte", "f68b3c2dcbeaaa9fbdd348bbdeb94873", 9_912_422),
    "train-labels-idx1-ubyte": published("train-labels-idx1-ubyte", "d53e105ee54ea40749a09fcbcd1e9432", 28_881),
    "t10k-images-idx3-ubyte": published("t10k-images-idx3-ubyte", "9fb629c4189551a2d022fa330f9573f3", 1_648_877),
    "t10k-labels-idx1-ubyte": published("t10k-labels-idx1-ubyte", "ec29112dd5afa0611ce80d1b7f02629c", 4_542),
}


@DATASETS.register
class Mnist(KnownDataset):
    """60,000 training and 10,000 test images, 1×28×28, bright ink on black.

    The files are in the folder mnist/, as published (.gz) or unpacked.
    """

    name = "mnist"
    facts = DatasetFacts((1, 28, 28), tuple("0123456789"), light_on_dark=True, mirrored=False)

    @staticmethod
    def load(location: Location) -> Dataset:
        """Return the images; missing files are downloaded. Raises DataError."""
        from graphnn.datasets.download import fetch_missing  # here, because most commands load no data

        folder = location.folder("mnist")
        missing = [remote for name, remote in FILES.items() if find(folder, name) is None]
        fetch_missing("mnist", missing, folder, show_progress=location.show_progress)
        x_train, y_train = read_part(folder, "train-images-idx3-ubyte", "train-labels-idx1-ubyte")
        x_test, y_test = read_part(folder, "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
        return Dataset("mnist", x_train, y_train, x_test, y_test, Mnist.facts.classes)


def find(folder: Path, name: str) -> Path | None:
    """Return the path of a file, as published (.gz) or unpacked, or None."""
    return next((path for path in (folder / f"{name}.gz", folder / name) if path.is_file()), None)


def read_part(folder: Path, images_name: str, labels_name: str) -> tuple[Array, Array]:
    """Return the images N×1×28×28 and the labels N of one part. Raises DataError where they do not match."""
    images_path, labels_path = find(folder, images_name), find(folder, labels_name)
    assert images_path is not None
    assert labels_path is not None
    _, height, width = Mnist.facts.shape
    images = read_idx(images_path, (height, width))
    labels = read_idx(labels_path, ())
    if len(images) != len(labels):
        raise DataError(f"{images_path} holds {len(images):,} images, but {labels_path} {len(labels):,} labels")
    classes = len(Mnist.facts.classes)
    if labels.max() >= classes:
        raise DataError(f"{labels_path}: label {labels.max()}, where 0 to {classes - 1} are known")
    return channels_last(images[..., np.newaxis]), labels.astype(np.int64)


def read_idx(path: Path, item_shape: Shape) -> Array:
    """Return the uint8 array N×item_shape of an IDX file, gzipped or not (by its name).

    Header: 0, 0, 8 (unsigned byte), number of axes; then each size as a big-endian uint32. Raises DataError where the
    header is another one, or the file is shorter or longer than the header says.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            return parse_idx(file, item_shape)  # type: ignore[arg-type]  # GzipFile reads like any other
    except (EOFError, zlib.error, gzip.BadGzipFile) as problem:
        raise DataError(f"{path}: the file is damaged or truncated ({problem}); {REMEDY}") from problem
    except ValueError as problem:
        raise DataError(f"{path}: {problem}; {REMEDY}") from problem
    except OSError as problem:
        raise DataError(f"{path}: cannot be read: {problem.strerror}") from problem


def parse_idx(file: BinaryIO, item_shape: Shape) -> Array:
    """Return the array N×item_shape of an open IDX file. Raises ValueError, or EOFError where it is too short."""
    announced = "×".join(("N", *map(str, item_shape)))
    axes = 1 + len(item_shape)
    magic = bytes((0, 0, UNSIGNED_BYTE, axes))
    header = file.read(4 + 4 * axes)
    if header[:4] != magic:
        raise ValueError(
            f"not an IDX file of {announced} bytes: starts with {header[:4].hex(' ')}, not {magic.hex(' ')}"
        )
    if len(header) < 4 + 4 * axes:
        raise EOFError("it ends within its header")
    count, *shape = struct.unpack(f">{axes}I", header[4:])
    if tuple(shape) != item_shape or not count:
        raise ValueError(f"its header says {shape_text((count, *shape))}, not {announced}")
    expected = count * math.prod(item_shape)
    data = bytearray()
    while len(data) <= expected:  # one byte more, to detect a file that is too long
        chunk = file.read(min(CHUNK, expected + 1 - len(data)))
        if not chunk:
            break
        data += chunk
    if len(data) < expected:
        raise EOFError(f"it holds {len(data):,} bytes after the header, which announces {expected:,}")
    if len(data) > expected:
        raise ValueError(f"it goes on after the {expected:,} bytes that its header announces")
    return np.frombuffer(data, np.uint8).reshape(count, *item_shape)
