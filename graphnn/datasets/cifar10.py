"""The data set "cifar10": 60,000 colour images of ten kinds of objects, 32×32.

Source: A. Krizhevsky 2009, "Learning multiple layers of features from tiny images", and the data set's page, which
names the archives and their checksums; those of the files of the Python version are in loaders of several libraries.
"""

from graphnn.datasets.base import DATASETS, Dataset, DatasetFacts, KnownDataset, Location
from graphnn.datasets.cifar_files import CifarFiles, PythonVersion
from graphnn.datasets.cifar_set import load_cifar_set
from graphnn.datasets.remote import Remote

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
RECORDS = 10_000  # in each file
PYTHON = PythonVersion(
    archive="cifar-10-python.tar.gz",
    inside="cifar-10-batches-py",
    others=("batches.meta", "readme.html"),
    label="labels",
    checksums={
        "data_batch_1": "c99cafc152244af753f735de768cd75f",
        "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
        "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
        "data_batch_4": "634d18415352ddfa80567beed471001a",
        "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
        "test_batch": "40351d587109b95175f43aff81a1287e",
    },
)


@DATASETS.register
class Cifar10(KnownDataset):
    """50,000 training and 10,000 test images, 3×32×32, from the binary version, or the Python version that is there."""

    name = "cifar10"
    facts = DatasetFacts(
        (3, 32, 32),
        60_000,
        ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    )

    @staticmethod
    def load(location: Location) -> Dataset:
        """Return the images. Raises DataError where files are damaged or cannot be downloaded."""
        return load_cifar_set(files(), Cifar10.facts, location)


def files() -> CifarFiles:
    """Return the description of the files."""
    return CifarFiles(
        name=Cifar10.name,
        title="CIFAR-10",
        archive=ARCHIVE,
        inside=INSIDE,
        train=dict.fromkeys(TRAIN, RECORDS),
        test=dict.fromkeys(TEST, RECORDS),
        names=NAMES,
        others=("readme.html",),
        label_bytes=1,
        python=PYTHON,
    )
