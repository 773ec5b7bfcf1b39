"""The data set "cifar10": 60,000 colour images of ten kinds of objects, 32×32, read from its binary version.

Source: A. Krizhevsky 2009, "Learning multiple layers of features from tiny images", and the data set's page.
"""

from pathlib import Path

import numpy as np

from graphnn.datasets.base import DATASETS, Dataset, DatasetFacts, KnownDataset, Location, channels_last
from graphnn.datasets.remote import Remote
from graphnn.errors import DataError
from graphnn.types import Array

ARCHIVE = Remote(
    "cifar-10-binary.tar.gz",
    (
        "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/cifar-10-binary.tar.gz",
    ),
    "c32a1d4ab5d03f1284b67883e8d87530",
    170_052_171,
)
INSIDE = "cifar-10-batches-bin"  # the archive's only folder
TRAIN = tuple(f"data_batch_{i}.bin" for i in range(1, 6))
TEST = ("test_batch.bin",)
NAMES = "batches.meta.txt"
REMEDY = "put a good copy there, or delete it, and it is downloaded"
MEMBER_LIMIT = 32_000_000  # bytes; the published batches have 30,730,000


@DATASETS.register
class Cifar10(KnownDataset):
    """50,000 training and 10,000 test images, 3×32×32, from cifar10/cifar-10-batches-bin/ or cifar10/ itself."""

    name = "cifar10"
    facts = DatasetFacts(
        (3, 32, 32),
        ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    )

    @staticmethod
    def load(location: Location) -> Dataset:
        """Return the images. Raises DataError where files are damaged or cannot be downloaded.

        Missing batches are unpacked from cifar10/cifar-10-binary.tar.gz, which is downloaded if necessary.
        """
        root = location.folder("cifar10")
        folder = find(root) or obtain(root, show_progress=location.show_progress)
        check_names(folder / NAMES)
        x_train, y_train = read_part([folder / name for name in TRAIN])
        x_test, y_test = read_part([folder / name for name in TEST])
        return Dataset("cifar10", x_train, y_train, x_test, y_test, Cifar10.facts.classes)


def find(root: Path) -> Path | None:
    """Return the folder with all the batches, or None."""
    folders = (root / INSIDE, root)
    return next((folder for folder in folders if all((folder / name).is_file() for name in (*TRAIN, *TEST))), None)


def obtain(root: Path, *, show_progress: bool) -> Path:
    """Unpack the batches that are missing in root/cifar-10-batches-bin and return that folder.

    The archive is downloaded if it is missing, and then deleted at the end. Raises DataError.
    """
    from graphnn.datasets.download import fetch_missing, unpack  # here, because most commands load no data

    archive = root / ARCHIVE.name
    downloaded = not archive.is_file()
    if downloaded:
        fetch_missing("cifar10", [ARCHIVE], root, show_progress=show_progress)
    folder = root / INSIDE
    targets = {f"{INSIDE}/{name}": folder / name for name in (*TRAIN, *TEST, NAMES)}
    unpack(archive, targets, ignored={INSIDE, f"{INSIDE}/readme.html"}, limit=MEMBER_LIMIT)
    if downloaded:
        archive.unlink()
    return folder


def check_names(path: Path) -> None:
    """Raise DataError where the file of class names, if it exists, has other names than CIFAR-10's."""
    expected = Cifar10.facts.classes
    if not path.is_file():
        return
    found = tuple(path.read_text(encoding="utf-8", errors="replace").split())
    if found != expected:
        raise DataError(f"{path}: the class names are {', '.join(found)}, not those of CIFAR-10: {', '.join(expected)}")


def read_part(paths: list[Path]) -> tuple[Array, Array]:
    """Return the images, N×3×32×32 in channels-last memory, and the labels of these files, N. Raises DataError."""
    records = [read_batch(path) for path in paths]
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
    """Return the records of one file, N×3073 uint8: the label, then the red, green and blue planes, row by row.

    Raises DataError where the file cannot be read, is incomplete, or has an unknown label.
    """
    size = 1 + int(np.prod(Cifar10.facts.shape))
    try:
        data = np.fromfile(path, np.uint8)
    except OSError as problem:
        raise DataError(f"{path}: cannot be read: {problem.strerror}") from problem
    if not len(data) or len(data) % size:
        raise DataError(f"{path}: {len(data):,} bytes, not a whole number of records of {size:,}; {REMEDY}")
    records = data.reshape(-1, size)
    classes = len(Cifar10.facts.classes)
    if records[:, 0].max() >= classes:
        first = int(np.argmax(records[:, 0] >= classes))
        raise DataError(
            f"{path}: record {first + 1:,} has label {records[first, 0]}, where 0 to {classes - 1} are known; {REMEDY}"
        )
    return records
