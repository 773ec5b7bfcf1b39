"""The data set "cifar100": 60,000 colour images of a hundred kinds of objects, 32×32, with their fine labels.

Source: A. Krizhevsky 2009, "Learning multiple layers of features from tiny images", and the data set's page, which
names the archives and their checksums; those of the files of the Python version are in loaders of several libraries.
"""

from graphnn.datasets.base import DATASETS, Dataset, DatasetFacts, KnownDataset, Location
from graphnn.datasets.cifar_files import CifarFiles, PythonVersion
from graphnn.datasets.cifar_set import load_cifar_set
from graphnn.datasets.remote import Remote

ARCHIVE = Remote(
    "cifar-100-binary.tar.gz",
    ("https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",),
    "03b5dce01913d631647c71ecec9e9cb8",
    168_513_733,
)
INSIDE = "cifar-100-binary"  # the archive's only folder
TRAIN, TEST = {"train.bin": 50_000}, {"test.bin": 10_000}  # records in each file
NAMES = "fine_label_names.txt"
PYTHON = PythonVersion(
    archive="cifar-100-python.tar.gz",
    inside="cifar-100-python",
    others=("meta", "file.txt~"),
    label="fine_labels",
    checksums={"train": "16019d7e3df5f24257cddd939b257f8d", "test": "f0ef6b0ae62326f3e7ffdfab6717acfc"},
)
NAMES_OF_CLASSES = (
    "apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can "
    "castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin "
    "elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster "
    "man maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck "
    "pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk "
    "skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone television tiger "
    "tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm"
)


@DATASETS.register
class Cifar100(KnownDataset):
    """50,000 training and 10,000 test images, 3×32×32, from the binary version, or the Python version that is there."""

    name = "cifar100"
    facts = DatasetFacts((3, 32, 32), 60_000, tuple(NAMES_OF_CLASSES.split(" ")))

    @staticmethod
    def load(location: Location) -> Dataset:
        """Return the images. Raises DataError where files are damaged or cannot be downloaded."""
        return load_cifar_set(files(), Cifar100.facts, location)


def files() -> CifarFiles:
    """Return the description of the files."""
    return CifarFiles(
        name=Cifar100.name,
        title="CIFAR-100",
        archive=ARCHIVE,
        inside=INSIDE,
        train=TRAIN,
        test=TEST,
        names=NAMES,
        others=("coarse_label_names.txt",),
        label_bytes=2,
        python=PYTHON,
    )
