"""What a data set is, and how one is loaded by the name that a document gives it."""

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import platformdirs

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
class Source:
    """Where a data set may come from. path: the user's own file. data_dir: the folder of the published ones."""

    path: Path | None = None
    data_dir: Path | None = None
    show_progress: bool = True

    def folder(self, name: str) -> Path:
        """Return the folder of the published files: in data_dir, else in GRAPHNN_DATA, else in the user's cache."""
        root = self.data_dir or os.environ.get(ENVIRONMENT) or platformdirs.user_cache_path("graphnn")
        return Path(root) / name


Loader = Callable[[Source], Dataset]


DATASETS: Registry[Loader] = Registry(
    "data set", "graphnn.datasets", name_of=lambda loader: str(loader.__name__).removeprefix("load_"), error=DataError
)


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
