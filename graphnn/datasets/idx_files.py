"""The data set "mnist": 70,000 grey images of handwritten digits, 28×28, read from the published IDX files.

Source: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits", which describes the format.
"""

import gzip
import hashlib
import math
import os
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np

from graphnn.datasets.base import DATASETS, Dataset, DatasetFacts, KnownDataset, Location, channels_last
from graphnn.datasets.remote import REMEDY, Remote
from graphnn.errors import DataError
from graphnn.pictures.ink_form import InkForm
from graphnn.storage.regular_files import open_regular, reading_problem
from graphnn.types import Array, Shape, shape_text

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
# LeCun et al. (1998), section III.A: "size normalized and centered ... by computing the center of mass of the pixels".
# In the images, ink is 20 pixels high or wide, its centre of mass lies in pixel 14, and 95% have wider strokes.
INK = InkForm(20, 20, thinnest=1.7)
CHUNK = 1 << 20  # bytes read at a time
SPARE = 1 << 16  # bytes that a file may have beyond its pixels: for its header, and for what gzip adds
GZIP = b"\x1f\x8b"  # the first bytes of a gzipped file
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
UNPACKED = {  # the MD5 of the files without their compression
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}
MOST = {"train": 60_000, "t10k": 10_000}  # images of each part
FOLDERS = ("mnist", "mnist/MNIST/raw", "MNIST/raw", "mnist/raw", "MNIST", ".")  # torchvision has MNIST/raw
# Words in the names of folders of other data sets, whose files have the same names.
OTHERS = ("fashion", "kmnist", "kuzushiji", "emnist", "qmnist", "notmnist")


@DATASETS.register
class Mnist(KnownDataset):
    """60,000 training and 10,000 test images, 1×28×28, bright ink on black.

    The files are in one of FOLDERS, as published (.gz) or unpacked.
    """

    name = "mnist"
    facts = DatasetFacts((1, 28, 28), 70_000, tuple("0123456789"), light_on_dark=True, mirrored=False, ink=INK)

    @staticmethod
    def load(location: Location) -> Dataset:
        """Return the images; missing files are downloaded. Raises DataError.

        A note says where files are not those published. The comparison takes 0.1 s.
        """
        from graphnn.datasets.download import fetch_missing  # here, because most commands load no data

        folder = place(location.root())

        def there(remote: Remote) -> bool:
            return find(folder, remote.name.removesuffix(".gz")) is not None

        fetch_missing("mnist", list(FILES.values()), folder, there=there, show_progress=location.show_progress)
        x_train, y_train, unknown = read_part(folder, "train")
        x_test, y_test, more = read_part(folder, "t10k")
        names = [path.name for path in (*unknown, *more)]
        note = f"mnist: not the published MNIST, though of its form: {', '.join(names)} in {folder}"
        return Dataset("mnist", x_train, y_train, x_test, y_test, Mnist.facts.classes, (note,) if names else ())


def place(root: Path) -> Path:
    """Return the one of FOLDERS in `root` that has most of the files, the first of several.

    Raises DataError where the name of that folder is that of another data set, whose files have the same names.
    """
    folder = max((root / name for name in FOLDERS), key=lambda folder: sum(bool(find(folder, name)) for name in FILES))
    absolute = folder.resolve()
    named = absolute.parent if absolute.name == "raw" else absolute
    if folder == root and any(other in named.name.casefold() for other in OTHERS):
        raise DataError(f"mnist: {folder} is the folder of another data set, whose files have the same names")
    return folder


def find(folder: Path, name: str) -> Path | None:
    """Return the path of a file, as published (.gz) or unpacked, or None; some programs unpack it as NAME.idx3….

    Folders of that name, into which some programs unpack it, are passed over.
    """
    names = (name, name.replace("-idx", ".idx"))
    paths = (folder / f"{spelling}{suffix}" for spelling in names for suffix in (".gz", ""))
    return next((path for path in paths if path.exists() and not path.is_dir()), None)


def read_part(folder: Path, part: str) -> tuple[Array, Array, list[Path]]:
    """Return the images N×1×28×28 and the labels N of a part, "train" or "t10k", and the files not as published.

    Raises DataError where they do not match.
    """
    _, height, width = Mnist.facts.shape
    arrays, paths, unknown = [], [], []
    for name, shape in ((f"{part}-images-idx3-ubyte", (height, width)), (f"{part}-labels-idx1-ubyte", ())):
        path = find(folder, name)
        assert path is not None
        arrays.append(read_idx(path, shape, MOST[part]))
        paths.append(path)
        content = hashlib.md5(header_of(arrays[-1]), usedforsecurity=False)
        content.update(arrays[-1].data)
        if content.hexdigest() != UNPACKED[name]:
            unknown.append(path)
    images, labels = arrays
    if len(images) != len(labels):
        raise DataError(f"{paths[0]} holds {len(images):,} images, but {paths[1]} {len(labels):,} labels")
    classes = len(Mnist.facts.classes)
    if labels.max() >= classes:
        raise DataError(f"{paths[1]}: label {labels.max()}, where 0 to {classes - 1} are known")
    return channels_last(images[..., np.newaxis]), labels.astype(np.int64), unknown


def header_of(array: Array) -> bytes:
    """Return the header of an array's IDX file: 0, 0, 8 (unsigned byte), number of axes; then each size, big-endian."""
    return struct.pack(f">4B{array.ndim}I", 0, 0, UNSIGNED_BYTE, array.ndim, *array.shape)


def read_idx(path: Path, item_shape: Shape, most: int) -> Array:
    """Return the uint8 array N×item_shape of an IDX file, gzipped or not, as its first bytes say.

    Raises DataError where the header is another one, or announces more than `most` items, or the file is shorter or
    longer than it says. What is far too large is not read, and no more is unpacked than the header announces.
    """
    try:
        with open_regular(path) as file:
            size, largest = os.fstat(file.fileno()).st_size, most * math.prod(item_shape) + SPARE
            if size > largest:
                raise ValueError(f"it has {size:,} bytes, where that file of MNIST has {largest:,} at most")
            start = file.read(len(GZIP))
            file.seek(0)
            if start == GZIP:
                with gzip.open(file) as unpacked:
                    return parse_idx(unpacked, item_shape, most)  # type: ignore[arg-type]  # it reads like any other
            if path.suffix == ".gz" and start != bytes(len(GZIP)):
                raise EOFError(f"it starts with {start.hex(' ')}, not {GZIP.hex(' ')}" if start else "it is empty")
            return parse_idx(file, item_shape, most)
    except (EOFError, zlib.error, gzip.BadGzipFile) as problem:
        raise DataError(f"{path}: the file is damaged or truncated ({problem}); {REMEDY}") from problem
    except ValueError as problem:
        raise DataError(f"{path}: {problem}; {REMEDY}") from problem
    except OSError as problem:
        raise DataError(f"{path}: {reading_problem(problem)}") from problem


def parse_idx(file: BinaryIO, item_shape: Shape, most: int) -> Array:
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
    if count > most:
        raise ValueError(f"its header says {shape_text((count, *shape))}, where MNIST has {most:,} at most")
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
