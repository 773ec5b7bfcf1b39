"""Data sets of four IDX files: images and labels of a training and a test part, as MNIST was published.

Source: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits", which describes the format.
"""

import gzip
import hashlib
import math
import os
import struct
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from graphnn.datasets.base import Dataset, DatasetFacts, Location, channels_last
from graphnn.datasets.idx_checksums import title_of
from graphnn.datasets.remote import REMEDY, Remote
from graphnn.errors import DataError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.storage.regular_files import open_regular, reading_problem
from graphnn.types import Array, Shape, shape_text

CHUNK = 1 << 20  # bytes read at a time
SPARE = 1 << 16  # bytes that a file may have beyond its pixels: for its header, and for what gzip adds
GZIP = b"\x1f\x8b"  # the first bytes of a gzipped file
UNSIGNED_BYTE = 0x08  # the third byte of the magic number; the fourth is the number of axes


MOST = {"train": 60_000, "t10k": 10_000}  # images of each part


@frozen_dataclass
class IdxSet:
    """A data set of IDX files. name: in documents; title: as people call it. facts: of its samples.

    files: where each is published, by its name without .gz. checksums: the MD5 of each, unpacked. folders: where they
    may lie, below the folder of the data sets. others: words in the names of folders of other sets, whose files have
    the same names.
    """

    name: str
    title: str
    facts: DatasetFacts
    files: Mapping[str, Remote]
    checksums: Mapping[str, str]
    folders: tuple[str, ...]
    others: tuple[str, ...]


def published(mirrors: Sequence[str], files: Mapping[str, tuple[str, int]]) -> dict[str, Remote]:
    """Return the files with their addresses. mirrors: addresses of folders. files: their MD5 and sizes, gzipped."""
    return {
        name: Remote(f"{name}.gz", tuple(f"{mirror}{name}.gz" for mirror in mirrors), *known)
        for name, known in files.items()
    }


def load_idx_set(idx_set: IdxSet, location: Location) -> Dataset:
    """Return the images; missing files are downloaded. Raises DataError.

    A note says where files are not those published. The comparison takes 0.1 s.
    """
    from graphnn.datasets.download import fetch_missing  # here, because most commands load no data

    folder = place(location.root(), idx_set)

    def there(remote: Remote) -> bool:
        return find(folder, remote.name.removesuffix(".gz")) is not None

    files = list(idx_set.files.values())
    fetch_missing(idx_set.name, files, folder, there=there, show_progress=location.show_progress)
    x_train, y_train, unknown = read_part(folder, "train", idx_set)
    x_test, y_test, more = read_part(folder, "t10k", idx_set)
    names = [path.name for path in (*unknown, *more)]
    form = f"not the published {idx_set.title}, though of its form: {', '.join(names)} in {folder}"
    notes = (f"{idx_set.name}: {form}",) if names else ()
    return Dataset(idx_set.name, x_train, y_train, x_test, y_test, idx_set.facts.classes, notes)


def place(root: Path, idx_set: IdxSet) -> Path:
    """Return the one of the set's folders in `root` that has most of the files, the first of several.

    Raises DataError where the name of that folder is that of another data set, whose files have the same names.
    """
    folders = (root / name for name in idx_set.folders)
    folder = max(folders, key=lambda folder: sum(bool(find(folder, name)) for name in idx_set.files))
    absolute = folder.resolve()
    named = absolute.parent if absolute.name == "raw" else absolute
    if folder == root and any(other in named.name.casefold() for other in idx_set.others):
        raise DataError(f"{idx_set.name}: {folder} is the folder of another data set, whose files have the same names")
    return folder


def find(folder: Path, name: str) -> Path | None:
    """Return the path of a file, as published (.gz) or unpacked, or None; some programs unpack it as NAME.idx3….

    Folders of that name, into which some programs unpack it, are passed over.
    """
    names = (name, name.replace("-idx", ".idx"))
    paths = (folder / f"{spelling}{suffix}" for spelling in names for suffix in (".gz", ""))
    return next((path for path in paths if path.exists() and not path.is_dir()), None)


def read_part(folder: Path, part: str, idx_set: IdxSet) -> tuple[Array, Array, list[Path]]:
    """Return the images N×1×H×W and the labels N of a part, "train" or "t10k", and the files not as published.

    Raises DataError where they do not match, or are those of another data set.
    """
    _, height, width = idx_set.facts.shape
    arrays, paths, unknown = [], [], []
    for name, shape in ((f"{part}-images-idx3-ubyte", (height, width)), (f"{part}-labels-idx1-ubyte", ())):
        path = find(folder, name)
        assert path is not None
        arrays.append(read_idx(path, shape, MOST[part], idx_set.title))
        paths.append(path)
        content = hashlib.md5(header_of(arrays[-1]), usedforsecurity=False)
        content.update(arrays[-1].data)
        if content.hexdigest() != idx_set.checksums[name]:
            unknown.append(path)
            other = title_of(content.hexdigest())
            if other is not None and other != idx_set.title:
                raise DataError(
                    f"{idx_set.name}: {path} is a file of {other}, not of {idx_set.title}, whose files have the same "
                    "names; keep each set in a folder of its own"
                )
    images, labels = arrays
    if len(images) != len(labels):
        raise DataError(f"{paths[0]} holds {len(images):,} images, but {paths[1]} {len(labels):,} labels")
    classes = len(idx_set.facts.classes)
    if labels.max() >= classes:
        raise DataError(f"{paths[1]}: label {labels.max()}, where 0 to {classes - 1} are known")
    return channels_last(images[..., np.newaxis]), labels.astype(np.int64), unknown


def header_of(array: Array) -> bytes:
    """Return the header of an array's IDX file: 0, 0, 8 (unsigned byte), number of axes; then each size, big-endian."""
    return struct.pack(f">4B{array.ndim}I", 0, 0, UNSIGNED_BYTE, array.ndim, *array.shape)


def read_idx(path: Path, item_shape: Shape, most: int, title: str) -> Array:
    """Return the uint8 array N×item_shape of an IDX file, gzipped or not, as its first bytes say.

    title: of the data set that it belongs to, for messages.
    Raises DataError where the header is another one, or announces more than `most` items, or the file is shorter or
    longer than it says. What is far too large is not read, and no more is unpacked than the header announces.
    """
    try:
        with open_regular(path) as file:
            size, largest = os.fstat(file.fileno()).st_size, most * math.prod(item_shape) + SPARE
            if size > largest:
                raise ValueError(f"it has {size:,} bytes, where that file of {title} has {largest:,} at most")
            start = file.read(len(GZIP))
            file.seek(0)
            if start == GZIP:
                with gzip.open(file) as unpacked:
                    return parse_idx(unpacked, item_shape, most, title)  # type: ignore[arg-type]  # it reads like any other
            if path.suffix == ".gz" and start != bytes(len(GZIP)):
                raise EOFError(f"it starts with {start.hex(' ')}, not {GZIP.hex(' ')}" if start else "it is empty")
            return parse_idx(file, item_shape, most, title)
    except (EOFError, zlib.error, gzip.BadGzipFile) as problem:
        raise DataError(f"{path}: the file is damaged or truncated ({problem}); {REMEDY}") from problem
    except ValueError as problem:
        raise DataError(f"{path}: {problem}; {REMEDY}") from problem
    except OSError as problem:
        raise DataError(f"{path}: {reading_problem(problem)}") from problem


def parse_idx(file: BinaryIO, item_shape: Shape, most: int, title: str) -> Array:
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
        raise ValueError(f"its header says {shape_text((count, *shape))}, where {title} has {most:,} at most")
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
