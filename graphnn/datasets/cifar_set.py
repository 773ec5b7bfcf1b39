"""The data set "cifar10": 60,000 colour images of ten kinds of objects, 32×32, read from its binary version.

Source: A. Krizhevsky 2009, "Learning multiple layers of features from tiny images", and the data set's page.
"""

import hashlib
import os
import textwrap
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from graphnn.datasets.base import DATASETS, Dataset, DatasetFacts, KnownDataset, Location, channels_last
from graphnn.datasets.cifar10_files import ARCHIVE, NAMES, TEST, TRAIN, obtained, published_sums
from graphnn.datasets.remote import REMEDY
from graphnn.errors import DataError
from graphnn.storage.regular_files import open_regular, reading_problem
from graphnn.types import Array

RECORDS = 10_000  # in each file
LONGEST_NAMES = 1000  # bytes of the file of class names, which has 61
MOST_ALIKE = 0.01  # of the images of a file, that are of one colour or repeat others; more are no data set


@DATASETS.register
class Cifar10(KnownDataset):
    """50,000 training and 10,000 test images, 3×32×32, from cifar-10-batches-bin/ or the files themselves."""

    name = "cifar10"
    facts = DatasetFacts(
        (3, 32, 32),
        60_000,
        ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    )

    @staticmethod
    def load(location: Location) -> Dataset:
        """Return the images. Raises DataError where files are damaged or cannot be downloaded.

        Missing batches are unpacked from cifar-10-binary.tar.gz, which is downloaded if necessary. They are compared
        with the checksums of what it holds; where it was never seen, they must be such as CIFAR-10 is, and a note says
        so. The comparison takes 0.1 s.
        """
        root = location.root()
        home = root / Cifar10.name
        folder = obtained(root, home, show_progress=location.show_progress)
        check_names(folder / NAMES)
        batches = {name: read_batch(folder / name) for name in (*TRAIN, *TEST)}
        sums = published_sums(folder)
        notes: tuple[str, ...] = ()
        if sums is None:
            check_images(folder, batches)
            check_counts(folder, batches)
            notes = (
                f"cifar10: the files in {folder} have the form of CIFAR-10, but have not been compared with those "
                f"published; with {ARCHIVE.name} in {home} they are",
            )
        else:
            check_sums(folder, batches, sums)
        x_train, y_train = joined([batches[name] for name in TRAIN])
        x_test, y_test = joined([batches[name] for name in TEST])
        return Dataset("cifar10", x_train, y_train, x_test, y_test, Cifar10.facts.classes, notes)


def check_names(path: Path) -> None:
    """Raise DataError where the file of class names, if it exists, has other names than CIFAR-10's, or is no file."""
    expected = Cifar10.facts.classes
    if not path.exists():
        return
    try:
        with open_regular(path) as file:
            start = file.read(LONGEST_NAMES)
    except OSError as problem:
        raise DataError(f"{path}: {reading_problem(problem)}") from problem
    found = tuple(start.decode("utf-8", errors="replace").split())
    if found != expected:
        names = textwrap.shorten(", ".join(found), 200, placeholder=" …")
        raise DataError(f"{path}: the class names are {names}, not those of CIFAR-10: {', '.join(expected)}")


def check_sums(folder: Path, batches: Mapping[str, Array], sums: Mapping[str, str]) -> None:
    """Raise DataError where a batch is not the one that was in the published archive."""
    for name, records in batches.items():
        found = hashlib.sha256(records.data).hexdigest()
        if found != sums[name]:
            raise DataError(
                f"{folder / name}: it is not as published: its SHA-256 is {found}, where {sums[name]} was in the "
                f"archive; {REMEDY}"
            )


def check_images(folder: Path, batches: Mapping[str, Array]) -> None:
    """Raise DataError where many images of a batch are of one colour, or the same as others. 60,000 take 0.1 s."""
    seen = set[int]()
    for name, records in batches.items():
        images = records[:, 1:]
        few = images[:, ::97]
        flat = images[(few == few[:, :1]).all(axis=1)]
        known, count = len(seen), int((flat == flat[:, :1]).all(axis=1).sum())
        if count > MOST_ALIKE * len(images):
            raise DataError(f"{folder / name}: {count:,} of {len(images):,} images are of one value; {REMEDY}")
        seen.update(hash(image.tobytes()) for image in images)
        count = len(images) - (len(seen) - known)
        if count > MOST_ALIKE * len(images):
            raise DataError(f"{folder / name}: {count:,} of {len(images):,} images repeat others; {REMEDY}")


def check_counts(folder: Path, batches: Mapping[str, Array]) -> None:
    """Raise DataError unless the training files, and the test file, have as many images of each class."""
    classes = Cifar10.facts.classes
    for part, names in (("training", TRAIN), ("test", TEST)):
        labels = np.concatenate([batches[name][:, 0] for name in names])
        counts = np.bincount(labels, minlength=len(classes))
        expected = len(names) * RECORDS // len(classes)
        for label, count in enumerate(counts):
            if count != expected:
                raise DataError(
                    f"{folder}: the {part} part has {count:,} images of class {label}, {classes[label]}, where "
                    f"CIFAR-10 has {expected:,}"
                )


def joined(records: list[Array]) -> tuple[Array, Array]:
    """Return the images, N×3×32×32 in channels-last memory, and the labels, N, of the records of some files."""
    channels, height, width = Cifar10.facts.shape
    pixels = np.empty((sum(map(len, records)), height * width, channels), np.uint8)
    start = 0
    for batch in records:
        planes = batch[:, 1:].reshape(len(batch), channels, height * width)
        for channel in range(channels):  # half the time of one transposed copy, whose inner loop is over 3 channels
            pixels[start : start + len(batch), :, channel] = planes[:, channel]
        start += len(batch)
    labels = np.concatenate([batch[:, 0] for batch in records]).astype(np.int64)
    return channels_last(pixels.reshape(-1, height, width, channels)), labels


def read_batch(path: Path) -> Array:
    """Return the records of one file, 10,000×3073 uint8: the label, then the red, green and blue planes, row by row.

    Raises DataError where the file cannot be read, is of another size, which is not read, or has an unknown label.
    """
    size = 1 + int(np.prod(Cifar10.facts.shape))
    try:
        with open_regular(path) as file:
            found = os.fstat(file.fileno()).st_size
            data = np.fromfile(file, np.uint8) if found == RECORDS * size else np.empty(0, np.uint8)
    except OSError as problem:
        raise DataError(f"{path}: {reading_problem(problem)}") from problem
    if len(data) != RECORDS * size:
        raise DataError(
            f"{path}: {found:,} bytes, where {RECORDS:,} records of {size:,} have {RECORDS * size:,}; {REMEDY}"
        )
    records = data.reshape(-1, size)
    classes = len(Cifar10.facts.classes)
    if records[:, 0].max() >= classes:
        first = int(np.argmax(records[:, 0] >= classes))
        raise DataError(
            f"{path}: record {first + 1:,} has label {records[first, 0]}, where 0 to {classes - 1} are known; {REMEDY}"
        )
    return records
