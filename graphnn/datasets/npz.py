"""The data set "npz": the user's arrays x_train, y_train, x_test and y_test in one .npz file."""

from pathlib import Path

import numpy as np

from graphnn.datasets.base import DATASETS, Dataset, KnownDataset, Location, channels_last
from graphnn.errors import DataError
from graphnn.storage.archives import Archive
from graphnn.text.suggestions import did_you_mean
from graphnn.types import Array, shape_text

KEYS = ("x_train", "y_train", "x_test", "y_test")
CLASS_NAMES = "class_names"
MOST_CLASSES = 1_000_000  # larger labels are probably not class numbers


@DATASETS.register
class Npz(KnownDataset):
    """The user's arrays; nothing is known of them before they are loaded."""

    name = "npz"
    takes_path = True

    @staticmethod
    def load(location: Location) -> Dataset:
        """Return the samples in the file at the location's path. Raises DataError with everything that is wrong."""
        if location.path is None:
            raise DataError('the data set "npz" needs a path: set data.path to the file that holds your arrays')
        return read_arrays(location.path)


def read_arrays(path: Path) -> Dataset:
    """Return the data set in a .npz file; other arrays in it are ignored.

    x: N×F or N×C×H×W; uint8 stays, other numbers become float32. y: N integer labels from 0, or float targets of N or
    N×K. class_names: optional, a string for each label; by default their numbers. Raises DataError with everything that
    is wrong.
    """
    try:
        archive = Archive(path, DataError)
    except FileNotFoundError as problem:
        raise DataError(f"{path}: no such file; data.path is relative to the document") from problem
    with archive:
        missing = [key for key in KEYS if key not in archive.names]
        if missing:
            raise DataError(*(f'{path}: no array "{key}"{hint(key, archive.names)}' for key in missing))
        arrays = {key: archive.read(key) for key in KEYS}
        names = archive.read(CLASS_NAMES) if CLASS_NAMES in archive.names else None
    problems = [
        *(problem for part in ("train", "test") for problem in part_problems(arrays, part)),
        *agreement_problems(arrays),
    ]
    if problems:
        raise DataError(*(f"{path}: {problem}" for problem in problems))
    x = {part: samples(arrays.pop(f"x_{part}"), f"{path}: x_{part}") for part in ("train", "test")}
    if arrays["y_train"].dtype.kind == "f":
        y = {part: targets(arrays[f"y_{part}"], f"{path}: y_{part}") for part in ("train", "test")}
        return Dataset(path.stem, x["train"], y["train"], x["test"], y["test"], None)
    labels = {part: arrays[f"y_{part}"].astype(np.int64) for part in ("train", "test")}
    count = 1 + int(max(part.max() for part in labels.values()))
    classes = tuple(map(str, range(count))) if names is None else class_names(names, count, f"{path}: {CLASS_NAMES}")
    return Dataset(path.stem, x["train"], labels["train"], x["test"], labels["test"], classes)


def hint(key: str, names: tuple[str, ...]) -> str:
    """Return the words that suggest the array in the file closest to a missing one, or else list all of them."""
    others = [name for name in names if name not in KEYS]
    return did_you_mean(key, others) or f"; it has {', '.join(names) or 'none at all'}"


def part_problems(arrays: dict[str, Array], part: str) -> list[str]:
    """Return the problems of x and y of one part, "train" or "test"."""
    x, y = arrays[f"x_{part}"], arrays[f"y_{part}"]
    problems = []
    if x.dtype.kind not in "uif":
        problems.append(f"x_{part} is of {x.dtype}, where integers or floats are needed")
    if x.ndim not in (2, 4) or not x.size:
        problems.append(f"x_{part} is {shape_of(x)}, where N×F (vectors) or N×C×H×W (images) is needed")
    if y.dtype.kind not in "uif":
        problems.append(f"y_{part} is of {y.dtype}, where integers (labels) or floats (targets) are needed")
    elif y.dtype.kind == "f" and (y.ndim not in (1, 2) or not y.size):
        problems.append(f"y_{part} is {shape_of(y)}, where N or N×K is needed for targets")
    elif y.dtype.kind != "f" and (y.ndim != 1 or not y.size):
        problems.append(f"y_{part} is {shape_of(y)}, where N labels are needed, one number for each sample")
    elif y.dtype.kind == "i" and y.min() < 0:
        problems.append(f"y_{part}[{int(np.argmax(y < 0))}] is {y[np.argmax(y < 0)]}, but labels count from 0")
    elif y.dtype.kind != "f" and y.max() >= MOST_CLASSES:
        problems.append(f"y_{part}[{int(np.argmax(y))}] is {y.max()}; number the classes 0, 1, 2, … without gaps")
    if x.ndim and y.ndim and len(x) != len(y):
        problems.append(f"x_{part} has {len(x):,} samples, but y_{part} {len(y):,}")
    return problems


def agreement_problems(arrays: dict[str, Array]) -> list[str]:
    """Return the contradictions between the training and the test part."""
    problems = []
    for key in ("x", "y"):
        train, test = arrays[f"{key}_train"], arrays[f"{key}_test"]
        if train.ndim and test.ndim and train.shape[1:] != test.shape[1:]:
            problems.append(f"{key}_train is {shape_of(train)}, but {key}_test {shape_of(test)}")
        if (train.dtype.kind == "f") != (test.dtype.kind == "f") and key == "y":
            problems.append(f"y_train is of {train.dtype}, but y_test of {test.dtype}: labels or targets?")
        if (train.dtype == np.uint8) != (test.dtype == np.uint8) and key == "x":
            problems.append(f"x_train is of {train.dtype}, but x_test of {test.dtype}")
    return problems


def shape_of(array: Array) -> str:
    """Return the shape of an array for messages."""
    return shape_text(array.shape) if array.ndim else "a single value"


def samples(x: Array, where: str) -> Array:
    """Return x as uint8 or float32, images in channels-last memory. Raises DataError for values that are not finite."""
    if x.dtype != np.uint8:
        x = finite_float32(x, where)
    if x.ndim == 4:
        return channels_last(np.ascontiguousarray(x.transpose(0, 2, 3, 1)))
    return np.ascontiguousarray(x)


def targets(y: Array, where: str) -> Array:
    """Return targets as float32 N×K. Raises DataError for values that are not finite."""
    return finite_float32(y, where).reshape(len(y), -1)


def finite_float32(array: Array, where: str) -> Array:
    """Return the array as float32. Raises DataError with the first value that is not finite as float32."""
    with np.errstate(over="ignore"):
        converted = array.astype(np.float32, copy=False)
    bad = ~np.isfinite(converted)
    if bad.any():
        index = np.unravel_index(int(np.argmax(bad)), array.shape)
        position = ", ".join(str(int(i)) for i in index)
        count = int(bad.sum())
        raise DataError(f"{where}[{position}] is {array[index]}, not a finite float32; {count:,} values are not")
    return converted


def class_names(names: Array, count: int, where: str) -> tuple[str, ...]:
    """Return the names of at least `count` classes. Raises DataError unless they are a row of different strings."""
    if names.dtype.kind != "U" or names.ndim != 1:
        raise DataError(f"{where} is {shape_of(names)} of {names.dtype}, where a row of strings is needed")
    if len(names) < count:
        raise DataError(f"{where} names {len(names)} classes, but the labels go up to {count - 1}")
    if len(set(names.tolist())) < len(names):
        raise DataError(f"{where} holds a name twice")
    return tuple(names.tolist())
