"""The data set "digits": 1,797 grey images of handwritten digits, 8×8, included in the package.

Source: E. Alpaydin and C. Kaynak (1998), "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository,
https://doi.org/10.24432/C50P49, the test part, under the licence CC BY 4.0
(https://creativecommons.org/licenses/by/4.0/), as in scikit-learn's `load_digits`. Changed: the images are in a fixed
random order, of which the first 1,437 images are the training part and the last 360 the test part.
"""

from pathlib import Path

import numpy as np

from graphnn.datasets.base import DATASETS, Dataset, DatasetFacts, KnownDataset, Location, channels_last
from graphnn.errors import DataError
from graphnn.pictures.ink_form import InkForm
from graphnn.types import Array

FILE = Path(__file__).with_name("digits.npz")  # images: uint8, 0…16, N×8×8; labels: uint8
TRAIN_COUNT = 1437
BRIGHTEST = 16  # each pixel counts the ink in a 4×4 block of the scan
# The scans are bitmaps of 32×32, whose ink was brought to 32×20, and very thin strokes made thicker, before its pixels
# were counted: in the images it is always 8 pixels high and mostly 6 wide, and 95% have wider strokes.
INK = InkForm(32, 20, finer=4, by_mass=False, fills_height=True, thinnest=5)


@DATASETS.register
class Digits(KnownDataset):
    """1,437 training and 360 test images, 1×8×8, bright ink on black.

    The published pixels 0…16 are scaled to 0…255 (v·255/16, rounded), the range of other images, including files that
    are given to predict.
    """

    name = "digits"
    facts = DatasetFacts((1, 8, 8), 1_797, tuple("0123456789"), light_on_dark=True, mirrored=False, ink=INK)

    @staticmethod
    def load(location: Location) -> Dataset:
        from graphnn.storage.archives import Archive

        with Archive(FILE, DataError) as archive:
            images, labels = archive.read("images"), archive.read("labels").astype(np.int64)
        x = channels_last(stretched(images)[..., np.newaxis])
        train, test = slice(None, TRAIN_COUNT), slice(TRAIN_COUNT, None)
        return Dataset("digits", x[train], labels[train], x[test], labels[test], Digits.facts.classes)


def stretched(images: Array) -> Array:
    """Return pixels 0…16 as uint8 0…255, rounded."""
    table = np.round(np.arange(BRIGHTEST + 1) * (255 / BRIGHTEST)).astype(np.uint8)
    return table[images]
