"""The data set "mnist": 70,000 grey images of handwritten digits, 28×28, read from the published IDX files.

Source: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits", which describes the format.
"""

from graphnn.datasets.base import DATASETS, Dataset, DatasetFacts, KnownDataset, Location
from graphnn.datasets.idx_checksums import checksums_of
from graphnn.datasets.idx_files import IdxSet, load_idx_set, published
from graphnn.pictures.ink_form import InkForm

TITLE = "MNIST"
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
FILES = published(
    MIRRORS,
    {
        "train-images-idx3-ubyte": ("f68b3c2dcbeaaa9fbdd348bbdeb94873", 9_912_422),
        "train-labels-idx1-ubyte": ("d53e105ee54ea40749a09fcbcd1e9432", 28_881),
        "t10k-images-idx3-ubyte": ("9fb629c4189551a2d022fa330f9573f3", 1_648_877),
        "t10k-labels-idx1-ubyte": ("ec29112dd5afa0611ce80d1b7f02629c", 4_542),
    },
)
UNPACKED = checksums_of(TITLE)
FOLDERS = ("mnist", "mnist/MNIST/raw", "MNIST/raw", "mnist/raw", "MNIST", ".")  # torchvision has MNIST/raw
# Words in the names of folders of other data sets, whose files have the same names.
OTHERS = ("fashion", "kmnist", "kuzushiji", "emnist", "qmnist", "notmnist")
# LeCun et al. (1998), section III.A: "size normalized and centered ... by computing the center of mass of the pixels".
# In the images, ink is 20 pixels high or wide, its centre of mass lies in pixel 14, and 95% have wider strokes.
INK = InkForm(20, 20, thinnest=1.7)


@DATASETS.register
class Mnist(KnownDataset):
    """60,000 training and 10,000 test images, 1×28×28, bright ink on black.

    The files are in one of FOLDERS, as published (.gz) or unpacked.
    """

    name = "mnist"
    facts = DatasetFacts((1, 28, 28), 70_000, tuple("0123456789"), light_on_dark=True, mirrored=False, ink=INK)

    @staticmethod
    def load(location: Location) -> Dataset:
        """Return the images; missing files are downloaded. Raises DataError."""
        return load_idx_set(idx_set(), location)


def idx_set() -> IdxSet:
    """Return the description of the files."""
    return IdxSet(Mnist.name, TITLE, Mnist.facts, FILES, UNPACKED, FOLDERS, OTHERS)
