"""The data set "npz": the user's arrays x_train, y_train, x_test and y_test in one .npz file."""

from pathlib import Path

import numpy as np

from graphnn.datasets.array_names import suggested
from graphnn.datasets.base import DATASETS, Dataset, KnownDataset, Location
from graphnn.datasets.conversions import conversion, shape_of
from graphnn.datasets.data_memory import memory_of
from graphnn.datasets.layout import laid_out
from graphnn.datasets.precision import SINGLE, loses_nothing, pieces
from graphnn.datasets.targets import PARTS, read_targets
from graphnn.document.document import listed
from graphnn.errors import DataError
from graphnn.machine.memory import shortage
from graphnn.metrics.outputs import Outputs
from graphnn.storage.archives import Archive
from graphnn.text.numbers import bytes_text
from graphnn.text.suggestions import closest, did_you_mean, quoted
from graphnn.types import NUMERIC, Array

KEYS = ("x_train", "y_train", "x_test", "y_test")
CLASS_NAMES = "class_names"
SUFFIX = ".npz"


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
        return read_arrays(location.path, location.outputs)


def read_arrays(path: Path, outputs: type[Outputs] | None = None) -> Dataset:
    """Return the data set in a .npz file; other arrays in it are ignored.

    outputs: what the network's outputs mean, which says how y is read; by default as floats say, or integers.
    Sizes are compared with the memory before anything is unpacked, and inputs that keep their type are not copied.
    x: N×F, N×C×H×W, or N×H×W for one channel; uint8 stays, other numbers become float32 where training loses nothing by
    it. y: N labels from 0 or one-hot rows, whatever their type; or numbers N or N×K. class_names: optional, a string
    for each label; by default their numbers. Raises DataError with everything that is wrong.
    """
    try:
        archive = Archive(path, DataError)
    except FileNotFoundError as problem:
        raise DataError(f"{path}: no such file{near(path)} data.path is relative to the document") from problem
    with archive:
        missing = [key for key in KEYS if key not in archive.names]
        if missing:
            others = [name for name in archive.names if name not in (*KEYS, CLASS_NAMES)]
            known = listed([name if name.isidentifier() else quoted(name) for name in archive.names])
            hints, there = suggested(missing, others), f"; it has {known or 'none at all'}"
            raise DataError(*(f'{path}: no array "{key}"{hints.get(key, there)}' for key in missing))
        check_sizes(archive)
        arrays = {key: archive.read(key) for key in KEYS}
        names = archive.read(CLASS_NAMES) if CLASS_NAMES in archive.names else None
    for key in ("x_train", "x_test"):
        if arrays[key].ndim == 3:
            arrays[key] = arrays[key][:, np.newaxis]  # the only channel of grey images
    y, count, unread = read_targets({part: arrays[f"y_{part}"] for part in PARTS}, outputs)
    problems = [*x_problems(arrays), *unread, *([] if unread else y_problems(y)), *count_problems(arrays)]
    if problems:
        raise DataError(*(f"{path}: {problem}" for problem in problems))
    x = stored({part: checked(arrays.pop(f"x_{part}"), f"{path}: x_{part}") for part in PARTS})
    if y["train"].dtype.kind == "f":
        y = {part: targets(y[part], f"{path}: y_{part}") for part in PARTS}
    classes = None
    if count is not None:
        numbers = tuple(map(str, range(count)))
        classes = numbers if names is None else class_names(names, count, f"{path}: {CLASS_NAMES}")
    notes = part_notes(path, len(x["train"]), len(x["test"]))
    return Dataset(path.stem, x["train"], y["train"], x["test"], y["test"], classes, notes)


def check_sizes(archive: Archive) -> None:
    """Raise DataError where loading the arrays of an archive takes more memory than there is."""
    headers = {key: archive.header(key) for key in (*KEYS, CLASS_NAMES) if key in archive.names}
    total, needed = sum(header.nbytes for header in headers.values()), memory_of(headers).loading
    there = shortage(needed)
    if there is not None:
        key, largest = max(headers.items(), key=lambda item: item[1].nbytes)
        copying = f", and {bytes_text(needed - total)} more to convert them" if needed > total else ""
        raise DataError(
            f"{archive.path}: {key} is {largest.text()}: {bytes_text(largest.nbytes)} unpacked; all arrays take "
            f"{bytes_text(total)}{copying}, but {there}"
        )


def near(path: Path) -> str:
    """Return the words that name the file that may be meant, or the folder that is missing."""
    if not path.parent.is_dir():
        return f", nor a folder {path.parent};"
    beside = [file.name for file in path.parent.iterdir() if file.suffix.lower() == SUFFIX]
    meant = next(filter(None, (closest(f"{name}{SUFFIX}", beside) for name in (path.name, path.stem))), None)
    return did_you_mean(meant, [meant]) if meant else ";"


def x_problems(arrays: dict[str, Array]) -> list[str]:
    """Return the problems of x_train and x_test."""
    problems = []
    for name in ("x_train", "x_test"):
        x = arrays[name]
        if x.dtype.kind not in NUMERIC:
            problems.append(f"{name} is of {x.dtype}, where integers or floats are needed{conversion(name, x)}")
        if x.ndim not in (2, 4) or not x.size:
            advice = f"; for one number a sample take {name}[:, None]" if x.ndim == 1 and x.size else ""
            problems.append(f"{name} is {shape_of(x)}, where N×F (vectors) or N×C×H×W (images) is needed{advice}")
    train, test = arrays["x_train"], arrays["x_test"]
    if train.ndim and test.ndim and train.shape[1:] != test.shape[1:]:
        problems.append(f"x_train is {shape_of(train)}, but x_test {shape_of(test)}")
    if (train.dtype == np.uint8) != (test.dtype == np.uint8):
        problems.append(f"x_train is of {train.dtype}, but x_test of {test.dtype}; store both in one type and range")
    return problems


def y_problems(y: dict[str, Array]) -> list[str]:
    """Return the contradictions between y of the training and of the test part, as read."""
    train, test = y["train"], y["test"]
    if (train.dtype.kind == "f") != (test.dtype.kind == "f"):
        return [f"y_train is of {train.dtype}, but y_test of {test.dtype}: labels or targets?"]
    if train.shape[1:] != test.shape[1:]:
        return [f"y_train is {shape_of(train)}, but y_test {shape_of(test)}"]
    return []


def count_problems(arrays: dict[str, Array]) -> list[str]:
    """Return where x and y of a part have different numbers of samples."""
    if not all(arrays[key].ndim for key in KEYS):
        return []
    counts = {key: len(arrays[key]) for key in KEYS}
    uneven = [part for part in PARTS if counts[f"x_{part}"] != counts[f"y_{part}"]]
    swapped = counts["x_train"] == counts["y_test"] and counts["x_test"] == counts["y_train"]
    advice = "; y_train and y_test seem to be interchanged" if swapped else ""
    return [
        f"x_{part} has {counts[f'x_{part}']:,} samples, but y_{part} {counts[f'y_{part}']:,}{advice}" for part in uneven
    ]


def part_notes(path: Path, train: int, test: int) -> tuple[str, ...]:
    """Return what a user should know of the numbers of samples."""
    if test <= train:
        return ()
    return (f"{path}: x_test has more samples than x_train, {test:,} and {train:,}; are they interchanged?",)


def checked(x: Array, where: str) -> Array:
    """Return x in the machine's byte order. Raises DataError for values that are not finite as float32."""
    x = x.astype(np.float64 if x.dtype.itemsize > 8 else x.dtype.newbyteorder("="), copy=False)
    if x.dtype.kind == "f" and x.size:
        for chunk in pieces(x):
            if not -SINGLE.max <= chunk.min() <= chunk.max() <= SINGLE.max:  # false for NaN too
                finite_float32(x, where)
    return x


def stored(x: dict[str, Array]) -> dict[str, Array]:
    """Return the inputs of both parts, uint8 as they are, others as float32 where those of training lose nothing so.

    Images are in channels-last memory.
    """
    narrow = x["train"].dtype != np.uint8 and loses_nothing(x["train"])
    return {part: laid_out(x.pop(part), np.float32 if narrow else None) for part in tuple(x)}


def targets(y: Array, where: str) -> Array:
    """Return floats as targets, float32 N×K. Raises DataError for values that are not finite."""
    checked(y, where)
    return y.astype(np.float32, copy=False).reshape(len(y), -1)


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
