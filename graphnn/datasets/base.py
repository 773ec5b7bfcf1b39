"""What a data set is: what is known of it before it is loaded, and its samples."""

import math
import os
from abc import ABC, abstractmethod
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import ClassVar

from graphnn.errors import DataError
from graphnn.registry import Registry
from graphnn.types import Array, Shape, shape_text

ENVIRONMENT = "GRAPHNN_DATA"


@dataclass(frozen=True)
class Dataset:
    """The two published parts of a data set.

    x_train, x_test: images as a logical N×C×H×W over channels-last memory, or vectors N×F; uint8 0…255, or float32.
    y_train, y_test: labels int64 of N, or targets float32 of N×K. classes: the name of each label; None for targets.
    """

    name: str
    x_train: Array
    y_train: Array
    x_test: Array
    y_test: Array
    classes: tuple[str, ...] | None

    @property
    def shape(self) -> Shape:
        """The shape of one sample."""
        return self.x_train.shape[1:]


@dataclass(frozen=True)
class Location:
    """Where a data set may lie. path: the user's file. data_dir: the folder of the published ones."""

    path: Path | None = None
    data_dir: Path | None = None
    show_progress: bool = True

    def folder(self, name: str) -> Path:
        """Return the folder of the published files: in data_dir, else in GRAPHNN_DATA, else in the user's cache."""
        root = self.data_dir or os.environ.get(ENVIRONMENT)
        if not root:
            import platformdirs  # here, because most commands load no data

            root = platformdirs.user_cache_path("graphnn")
        return Path(root) / name


@dataclass(frozen=True)
class DatasetFacts:
    """What is known of a published data set without loading it.

    shape: of one sample, channels first. classes: their names, in the order of the labels. bytes: whether the values
    are 0…255, as a picture's are, rather than any numbers. light_on_dark: whether pictures show bright ink on black.
    mirrored: whether a mirror image still shows what the label says.
    """

    shape: Shape
    classes: tuple[str, ...]
    bytes: bool = True
    light_on_dark: bool = False
    mirrored: bool = True


class KnownDataset(ABC):
    """A data set that documents can name. Its module imports what loading takes only when it is loaded.

    name: in documents. facts: None where they are the user's data, of which nothing is known. takes_path: whether
    `data.path` says where it lies.
    """

    name: ClassVar[str]
    facts: ClassVar[DatasetFacts | None] = None
    takes_path: ClassVar[bool] = False

    @staticmethod
    @abstractmethod
    def load(location: Location) -> Dataset:
        """Return the samples. Raises DataError, and OSError where a file cannot be read."""


DATASETS: Registry[type[KnownDataset]] = Registry(
    "data set", "graphnn.datasets", name_of=attrgetter("name"), error=DataError
)


def facts_of(name: str) -> DatasetFacts | None:
    """Return what is known of the data set of that name; None of the user's data. Raises DataError."""
    return DATASETS.find(name).facts


def check_input_shape(name: str, shape: Shape, input_shape: Shape) -> None:
    """Raise DataError unless samples of `shape` suit a network of `input_shape`: the same, or their vector."""
    vector = (math.prod(shape),)
    if input_shape in (shape, vector):
        return
    message = f"the samples of {name} are {shape_text(shape)}, but the network's input is {shape_text(input_shape)}"
    if len(shape) == 3 and (shape[2], *shape[:2]) == input_shape:
        raise DataError(f"{message}; store the images channels first, N×C×H×W: x.transpose(0, 3, 1, 2)")
    flattened = f", or [{vector[0]}], which flattens it" if len(shape) > 1 else ""
    raise DataError(f"{message}; set input.shape to {list(shape)}{flattened}")


def channels_last(images: Array) -> Array:
    """Return images N×H×W×C as the logical N×C×H×W over the same memory."""
    return images.transpose(0, 3, 1, 2)
