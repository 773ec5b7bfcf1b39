"""Reads CIFAR-10 and CIFAR-100 from the records of their binary version, or from the files of the Python version."""

import hashlib
import os
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from graphnn.datasets.base import Dataset, DatasetFacts, Location, channels_last
from graphnn.datasets.cifar_files import CifarFiles, obtained, published_sums
from graphnn.datasets.pickled_arrays import read_pickled
from graphnn.datasets.remote import REMEDY
from graphnn.errors import DataError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.storage.regular_files import open_regular, reading_problem
from graphnn.types import Array

LONGEST_NAMES = 10_000  # bytes of the file of class names, which has 61, or about a thousand
MOST_ALIKE = 0.01  # of the images of a file, that are of one colour or repeat others; more are no data set
COLOURS, SIDE = 3, 32
PIXELS = COLOURS * SIDE * SIDE


@frozen_dataclass(eq=False)
class Batch:
    """The images of one file: labels N; planes N×3072, the red, green and blue one of each image, row by row.

    checksum: of the file, in the algorithm of its version.
    """

    labels: Array
    planes: Array
    checksum: str


def load_cifar_set(files: CifarFiles, facts: DatasetFacts, location: Location) -> Dataset:
    """Return the images. Raises DataError where files are damaged or cannot be downloaded.

    Missing batches are unpacked from the archive, which is downloaded if necessary. They are compared with the
    checksums of what it holds; where it was never seen, they must be such as the data set is, and a note says so. The
    comparison takes 0.1 s.
    """
    root = location.root()
    home = root / files.name
    folder = obtained(files, root, home, show_progress=location.show_progress)
    notes: tuple[str, ...] = ()
    classes = len(facts.classes)
    if all((folder / name).exists() for name in files.batches):
        check_names(folder / files.names, files.title, facts.classes)
        batches = {name: read_batch(folder / name, each, files, classes) for name, each in files.batches.items()}
        sums = published_sums(files, folder)
        if sums is None:
            check_form(folder, batches, files, facts)
            notes = (
                f"{files.name}: the files in {folder} have the form of {files.title}, but have not been compared with "
                f"those published; with {files.archive.name} in {home} they are",
            )
        else:
            check_sums(folder, batches, sums)
    else:
        counts = dict(zip(files.python.checksums, files.batches.values(), strict=True))
        batches = {name: read_pickled_batch(folder / name, each, files, classes) for name, each in counts.items()}
        unknown = [name for name, known in files.python.checksums.items() if batches[name].checksum != known]
        if unknown:
            check_form(folder, batches, files, facts)
            names = ", ".join(unknown)
            notes = (f"{files.name}: not the published {files.title}, though of its form: {names} in {folder}",)
    parts = list(batches.values())
    x_train, y_train = joined(parts[: len(files.train)])
    x_test, y_test = joined(parts[len(files.train) :])
    return Dataset(files.name, x_train, y_train, x_test, y_test, facts.classes, notes)


def check_form(folder: Path, batches: Mapping[str, Batch], files: CifarFiles, facts: DatasetFacts) -> None:
    """Raise DataError where files cannot be those of the data set."""
    check_images(folder, batches)
    check_counts(folder, batches, files, facts.classes)


def check_names(path: Path, title: str, expected: tuple[str, ...]) -> None:
    """Raise DataError where the file of class names, if it exists, has other names than expected, or is no file.

    title: of the data set.
    """
    if not path.exists():
        return
    try:
        with open_regular(path) as file:
            start = file.read(LONGEST_NAMES)
    except OSError as problem:
        raise DataError(f"{path}: {reading_problem(problem)}") from problem
    found = tuple(start.decode("utf-8", errors="replace").split())
    if found != expected:
        names, shown = (textwrap.shorten(", ".join(each), 200, placeholder=" …") for each in (found, expected))
        raise DataError(f"{path}: the class names are {names}, not those of {title}: {shown}")


def check_sums(folder: Path, batches: Mapping[str, Batch], sums: Mapping[str, str]) -> None:
    """Raise DataError where a batch is not the one that was in the published archive."""
    for name, batch in batches.items():
        if batch.checksum != sums[name]:
            raise DataError(
                f"{folder / name}: it is not as published: its SHA-256 is {batch.checksum}, where {sums[name]} was in "
                f"the archive; {REMEDY}"
            )


def check_images(folder: Path, batches: Mapping[str, Batch]) -> None:
    """Raise DataError where many images of a batch are of one colour, or the same as others. 60,000 take 0.1 s."""
    seen = set[int]()
    for name, batch in batches.items():
        images = batch.planes
        few = images[:, ::97]
        flat = images[(few == few[:, :1]).all(axis=1)]
        known, count = len(seen), int((flat == flat[:, :1]).all(axis=1).sum())
        if count > MOST_ALIKE * len(images):
            raise DataError(f"{folder / name}: {count:,} of {len(images):,} images are of one value; {REMEDY}")
        seen.update(hash(image.tobytes()) for image in images)
        count = len(images) - (len(seen) - known)
        if count > MOST_ALIKE * len(images):
            raise DataError(f"{folder / name}: {count:,} of {len(images):,} images repeat others; {REMEDY}")


def check_counts(folder: Path, batches: Mapping[str, Batch], files: CifarFiles, classes: Sequence[str]) -> None:
    """Raise DataError unless the training files, and the test file, have as many images of each class."""
    parts = list(batches.values())
    for part, chosen in (("training", parts[: len(files.train)]), ("test", parts[len(files.train) :])):
        labels = np.concatenate([batch.labels for batch in chosen])
        counts = np.bincount(labels, minlength=len(classes))
        expected = len(labels) // len(classes)
        for label, count in enumerate(counts):
            if count != expected:
                raise DataError(
                    f"{folder}: the {part} part has {count:,} images of class {label}, {classes[label]}, where "
                    f"{files.title} has {expected:,}"
                )


def joined(batches: Sequence[Batch]) -> tuple[Array, Array]:
    """Return the images, N×3×32×32 in channels-last memory, and the labels, N, of some files."""
    pixels = np.empty((sum(len(batch.labels) for batch in batches), SIDE * SIDE, COLOURS), np.uint8)
    start = 0
    for batch in batches:
        count = len(batch.labels)
        planes = batch.planes.reshape(count, COLOURS, SIDE * SIDE)
        for colour in range(COLOURS):  # half the time of one transposed copy, whose inner loop is over 3 channels
            pixels[start : start + count, :, colour] = planes[:, colour]
        start += count
    labels = np.concatenate([batch.labels for batch in batches]).astype(np.int64)
    return channels_last(pixels.reshape(-1, SIDE, SIDE, COLOURS)), labels


def read_batch(path: Path, count: int, files: CifarFiles, classes: int) -> Batch:
    """Return the records of one file of the binary version: the bytes of labels, then the planes of the image.

    count: of the records. classes: their number. Raises DataError where the file cannot be read, is of another size,
    which is not read, or has an unknown label.
    """
    size = files.label_bytes + PIXELS
    try:
        with open_regular(path) as file:
            found = os.fstat(file.fileno()).st_size
            data = np.fromfile(file, np.uint8) if found == count * size else np.empty(0, np.uint8)
    except OSError as problem:
        raise DataError(f"{path}: {reading_problem(problem)}") from problem
    if len(data) != count * size:
        raise DataError(f"{path}: {found:,} bytes, where {count:,} records of {size:,} have {count * size:,}; {REMEDY}")
    records = data.reshape(-1, size)
    labels, planes = records[:, files.label_bytes - 1], records[:, files.label_bytes :]
    check_labels(path, labels, classes)
    return Batch(labels, planes, hashlib.sha256(data.data).hexdigest())


def read_pickled_batch(path: Path, count: int, files: CifarFiles, classes: int) -> Batch:
    """Return the images of one file of the Python version; what is pickled in it is read, but never run.

    count: of the images. classes: their number. Raises DataError where the file cannot be read, is too large, which is
    not read, or holds anything but so many images with known labels.
    """
    key = files.python.label
    try:
        with open_regular(path) as file:
            found = os.fstat(file.fileno()).st_size
            if found > files.limit:
                raise ValueError(f"it has {found:,} bytes, where {count:,} images have {files.limit:,} at most")
            content = file.read()
        values = read_pickled(content)
        planes, labels = values.get("data"), values.get(key)
        if not isinstance(planes, np.ndarray) or planes.dtype != np.uint8 or planes.shape != (count, PIXELS):
            raise ValueError(f"its images are not {count:,}×{PIXELS:,} bytes")
        if not isinstance(labels, list | np.ndarray) or len(labels) != count:
            raise ValueError(f"it does not have {count:,} {key}")
        if not all(isinstance(label, int | np.integer) and 0 <= label < 256 for label in labels):
            raise ValueError(f"its {key} are not all numbers of classes")
    except OSError as problem:
        raise DataError(f"{path}: {reading_problem(problem)}") from problem
    except ValueError as problem:
        raise DataError(f"{path}: not a file of the Python version of {files.title}: {problem!s:.200}") from problem
    checksum = hashlib.md5(content, usedforsecurity=False).hexdigest()
    check_labels(path, np.array(labels), classes)
    return Batch(np.array(labels, np.uint8), planes, checksum)


def check_labels(path: Path, labels: Array, classes: int) -> None:
    """Raise DataError for a label that is not among so many classes."""
    if labels.max() >= classes:
        first = int(np.argmax(labels >= classes))
        raise DataError(
            f"{path}: record {first + 1:,} has label {labels[first]}, where 0 to {classes - 1} are known; {REMEDY}"
        )
