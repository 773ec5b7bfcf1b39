"""The data set "fashion_mnist": 70,000 grey images of clothes, 28×28, read from the published IDX files.

Source: H. Xiao, K. Rasul, R. Vollgraf 2017, "Fashion-MNIST: a novel image dataset for benchmarking machine learning
algorithms", arXiv:1708.07747, and the page of the data set, which names the classes, addresses and checksums.
"""

from graphnn.datasets.base import DATASETS, Dataset, DatasetFacts, KnownDataset, Location
from graphnn.datasets.idx_checksums import checksums_of
from graphnn.datasets.idx_files import IdxSet, load_idx_set, published

TITLE = "Fashion-MNIST"
MIRRORS = (
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
)
FILES = published(
    MIRRORS,
    {
        "train-images-idx3-ubyte": ("8d4fb7e6c68d591d4c3dfef9ec88bf0d", 26_421_880),
        "train-labels-idx1-ubyte": ("25c81989df183df01b3e8a0aad5dffbe", 29_515),
        "t10k-images-idx3-ubyte": ("bef4ecab320f06d8554ea6380940ec79", 4_422_102),
        "t10k-labels-idx1-ubyte": ("bb300cfdad3c16e7a12a480ee83cd310", 5_148),
    },
)
UNPACKED = checksums_of(TITLE)
FOLDERS = (  # torchvision has FashionMNIST/raw, the publisher's repository data/fashion
    *("fashion_mnist", "fashion_mnist/FashionMNIST/raw", "FashionMNIST/raw", "fashion_mnist/raw", "FashionMNIST"),
    *("fashion-mnist", "fashion-mnist/data/fashion", "data/fashion", "fashion", "."),
)
OTHERS = ("kmnist", "kuzushiji", "emnist", "qmnist", "notmnist")


@DATASETS.register
class FashionMnist(KnownDataset):
    """60,000 training and 10,000 test images, 1×28×28, clothes bright on black.

    The files are in one of FOLDERS, as published (.gz) or unpacked.
    """

    name = "fashion_mnist"
    facts = DatasetFacts(
        (1, 28, 28),
        70_000,
        (
            *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
            *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
        ),
        light_on_dark=True,
    )

    @staticmethod
    def load(location: Location) -> Dataset:
        """Return the images; missing files are downloaded. Raises DataError."""
        return load_idx_set(idx_set(), location)


def idx_set() -> IdxSet:
    """Return the description of the files."""
    return IdxSet(FashionMnist.name, TITLE, FashionMnist.facts, FILES, UNPACKED, FOLDERS, OTHERS)
