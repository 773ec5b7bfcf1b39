"""The base class of data sets, with the facts known before loading, their samples, and their registry."""

import math
import os
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import field
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from graphnn.errors import DataError, Problem
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.metrics.outputs import Outputs
from graphnn.pictures.ink_form import InkForm
from graphnn.registry import Registry
from graphnn.types import Array, Shape, shape_text

if TYPE_CHECKING:
    from graphnn.datasets.table_encoding import TableEncoding

ENVIRONMENT = "GRAPHNN_DATA"
AUTO = "auto"  # normalisation, as documents have it until the shape of the samples is known


class SettingError(DataError):
    """What a setting of the section `data` says does not fit the user's files. key: of the setting."""

    def __init__(self, key: str, *problems: Problem | str) -> None:
        super().__init__(*problems)
        self.key = key


@frozen_dataclass
class Summary:
    """What is known of the samples of a part without reading them.

    digest: as `digest` gives it. low, high: the least and the largest value of each channel. mean: of the sizes |x|.
    """

    digest: str
    low: tuple[float, ...]
    high: tuple[float, ...]
    mean: float


@frozen_dataclass
class Dataset:
    """The training part and the test part of a data set.

    x_train, x_test: images as a logical N×C×H×W over channels-last memory, or vectors N×F; uint8 0…255, or float32;
    others where float32 would lose digits that training needs.
    y_train, y_test: labels int64 of N, or targets float32 of N×K. classes: the name of each label; None for targets.
    notes: what a user should know about the files, a sentence each. stratified: whether the validation part is drawn
    class by class, as its test part may be, or from all samples alike. own_validation: how many of the last training
    samples are a validation part of the files' own. summaries: of "train" and "test", where files keep them. table: how
    the columns of a table became the features; None for other data. test_drawn: whether the test part was drawn from
    the samples of files that have none. origins: where each sample of "train" and "test" is from, where files say so:
    the path of its picture, or the number of its line.
    """

    name: str
    x_train: Array
    y_train: Array
    x_test: Array
    y_test: Array
    classes: tuple[str, ...] | None
    notes: tuple[str, ...] = ()
    stratified: bool = False
    own_validation: int = 0
    summaries: Mapping[str, Summary] = field(default_factory=dict)
    table: "TableEncoding | None" = None
    test_drawn: bool = False
    origins: Mapping[str, Sequence[str] | Array] = field(default_factory=dict)

    @property
    def features(self) -> tuple[str, ...] | None:
        """The names of the features; None where they have none."""
        return None if self.table is None else self.table.features

    @property
    def shape(self) -> Shape:
        """The shape of one sample."""
        return self.x_train.shape[1:]

    def __repr__(self) -> str:
        from graphnn.datasets.summary import dataset_text  # here, because most commands show no data set

        return dataset_text(self)

    def _repr_html_(self) -> str:
        """Return the table of parts that a notebook shows."""
        from graphnn.datasets.summary import dataset_report
        from graphnn.reports.notebook import notebook_html

        return notebook_html(dataset_report(self))


@frozen_dataclass
class Location:
    """Where to load a data set from. path: the user's file. data_dir: the folder with a folder for each published one.

    show_progress: whether downloads show a progress bar. outputs: what the network's outputs mean, which says how the
    user's labels and targets are read; None: not known. settings: the section `data` of the document, defaults filled
    in; what only some data sets have is there for these. seed: of the draw of a test part, where files have none.
    table: how the columns of a table become features, as in the training of weights; None: as the table says.
    """

    path: Path | None = None
    data_dir: Path | None = None
    show_progress: bool = True
    outputs: type[Outputs] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    table: "TableEncoding | None" = None

    def root(self) -> Path:
        """Return the folder of the published data sets: data_dir, else GRAPHNN_DATA, else in the user's cache."""
        root = self.data_dir or os.environ.get(ENVIRONMENT)
        if not root:
            import platformdirs  # here, because most commands load no data

            root = platformdirs.user_cache_path("graphnn")
        return Path(root)


@frozen_dataclass
class DatasetFacts:
    """What is known of a published data set without loading it.

    shape: of one sample, channels first. samples: their number in all parts. classes: the names of the labels, in their
    order. bytes: whether the values are 0…255, as in image files, rather than any numbers. light_on_dark: whether
    images show bright things on black. mirrored: whether the label still holds for the mirror image. ink: how images
    of handwriting hold their ink; None for others.
    """

    shape: Shape
    samples: int
    classes: tuple[str, ...]
    bytes: bool = True
    light_on_dark: bool = False
    mirrored: bool = True
    ink: InkForm | None = None


class KnownDataset(ABC):
    """A data set that documents can name. Its module imports what only loading needs inside `load`.

    name: in documents. facts: None for the user's data, of which nothing is known before loading. takes_path: whether
    `data.path` is the path of its file or folder. mapped: whether its samples stay in files, of which only what is used
    is in memory.
    """

    name: ClassVar[str]
    facts: ClassVar[DatasetFacts | None] = None
    takes_path: ClassVar[bool] = False
    mapped: ClassVar[bool] = False

    @classmethod
    def shape_in(cls, data: Mapping[str, Any]) -> Shape | None:
        """Return the shape of one sample as far as the section `data` of a document says it; None where it does not."""
        return None if cls.facts is None else cls.facts.shape

    @staticmethod
    @abstractmethod
    def load(location: Location) -> Dataset:
        """Return the samples. Raises DataError where they are damaged, OSError where a file cannot be read."""


DATASETS: Registry[type[KnownDataset]] = Registry(
    "data set", "graphnn.datasets", name_of=attrgetter("name"), error=DataError
)


def facts_of(name: str) -> DatasetFacts | None:
    """Return the facts of a data set by its name; None for the user's data. Raises DataError for an unknown name."""
    return DATASETS.find(name).facts


def concrete_mode(mode: str, shape: Shape) -> str:
    """Return the mode by which samples of `shape` are normalised: for AUTO, images per channel, vectors per feature."""
    if mode != AUTO:
        return mode
    return "per_channel" if len(shape) == 3 else "per_feature"


def known_shape(data: Mapping[str, Any]) -> Shape | None:
    """Return the shape of one sample that the section `data` of a document says; None where only the files do."""
    return DATASETS.find(data["dataset"]).shape_in(data)


def check_input_shape(name: str, shape: Shape, input_shape: Shape) -> None:
    """Raise DataError unless a network of `input_shape` takes samples of `shape`, as they are or flattened.

    name: of the data set, for the message.
    """
    vector = (math.prod(shape),)
    if input_shape in (shape, vector):
        return
    message = f"the samples of {name} are {shape_text(shape)}, but the network's input is {shape_text(input_shape)}"
    if len(shape) == 3 and (shape[2], *shape[:2]) == input_shape:
        raise DataError(f"{message}; store the images channels first, N×C×H×W: x.transpose(0, 3, 1, 2)")
    flattened = f", or [{vector[0]}], which flattens it" if len(shape) > 1 else ""
    raise DataError(f"{message}; set input.shape to {list(shape)}{flattened}")


def channels_last(images: Array) -> Array:
    """Return a view of images N×H×W×C as N×C×H×W."""
    return images.transpose(0, 3, 1, 2)
