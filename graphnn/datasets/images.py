"""The data set "images": a folder of the user's pictures, with a sub-folder for each class."""

from collections.abc import Mapping
from typing import Any

from graphnn.datasets.base import DATASETS, Dataset, KnownDataset, Location
from graphnn.errors import DataError

CHANNELS = {"rgb": 3, "grey": 1}


@DATASETS.register
class Images(KnownDataset):
    """The user's pictures; their shape follows from the document, and their classes are the names of the folders."""

    name = "images"
    takes_path = True
    mapped = True

    @staticmethod
    def shape_in(data: Mapping[str, Any]) -> tuple[int, int, int]:
        """Return C×H×W, by data.color and data.size."""
        size = data["size"]
        height, width = (size, size) if isinstance(size, int) else size
        return CHANNELS[data.get("color", "rgb")], height, width

    @staticmethod
    def load(location: Location) -> Dataset:
        """Return the pictures, decoded and mapped into memory. Raises DataError with everything that is wrong."""
        from graphnn.datasets.labelled_pictures import read_pictures

        if location.path is None:
            raise DataError('the data set "images" needs a path: set data.path to the folder of your pictures')
        if "size" not in location.settings:
            raise DataError('the data set "images" needs a size: set data.size to [height, width] of the pictures')
        return read_pictures(location, location.path, Images.shape_in(location.settings))
