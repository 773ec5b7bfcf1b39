"""The data set "npz": the user's arrays, in one .npz file or in a folder of .npy files."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from graphnn.datasets.array_files import (
    CLASS_NAMES,
    TEST,
    TRAIN,
    ArrayFile,
    ArrayKeys,
    keys_of,
    mapped_names,
    open_arrays,
)
from graphnn.datasets.array_problems import class_names, count_problems, part_notes, x_problems, y_problems
from graphnn.datasets.base import DATASETS, Dataset, KnownDataset, Location
from graphnn.datasets.batches import draw_test_part, rows
from graphnn.datasets.data_memory import memory_of
from graphnn.datasets.layout import laid_out
from graphnn.datasets.mapped import MappedInputs
from graphnn.datasets.precision import SINGLE, loses_nothing, pieces
from graphnn.datasets.targets import Targets, read_targets
from graphnn.errors import DataError
from graphnn.machine.memory import shortage
from graphnn.metrics.outputs import Outputs, YesOrNo
from graphnn.text.numbers import bytes_text
from graphnn.types import Array

INPUTS = "inputs"  # as data.targets: no others are read
TEST_SPLIT = 0.2  # of the samples, where the data have no test part and the document does not say


@DATASETS.register
class Npz(KnownDataset):
    """The user's arrays; nothing is known of them before they are loaded."""

    name = "npz"
    takes_path = True

    @staticmethod
    def load(location: Location) -> Dataset:
        """Return the samples at the location's path. Raises DataError with everything that is wrong."""
        if location.path is None:
            raise DataError('the data set "npz" needs a path: set data.path to the file that holds your arrays')
        return read_arrays(location.path, location.outputs, location.settings, location.seed)


def read_arrays(
    path: Path, outputs: type[Outputs] | None = None, settings: Mapping[str, Any] | None = None, seed: int = 0
) -> Dataset:
    """Return the data set in a .npz file or a folder of .npy files; other arrays there are ignored.

    outputs: what the network's outputs mean, which says how y is read; by default as floats say, or integers. settings:
    the document's section `data`. seed: of the draw of a test part, where there is none.
    Sizes are compared with the memory before anything is unpacked, and inputs that keep their type are not copied;
    large ones stay in the file.
    x: N×F, N×C×H×W, or N×H×W for one channel; uint8 stays, other numbers become float32 where training loses nothing by
    it. y: N labels from 0, names of classes, or one-hot rows, whatever their type; or numbers N or N×K. class_names:
    optional, a string for each label, or for each answer of yes or no; by default their numbers. Raises DataError with
    everything that is wrong.
    """
    settings = settings or {}
    with open_arrays(path) as file:
        keys = keys_of(file, labelled=settings.get("targets") != INPUTS)
        if "test_split" in settings and TEST in keys.x:
            raise DataError(f"{path}: it has a test part, {keys.x[TEST]}; leave data.test_split out")
        mapped = mapped_names(file, keys)
        check_sizes(file, keys, mapped)
        arrays = {name: file.mapped(name) if name in mapped else file.read(name) for name in keys.names}
        names = file.read(CLASS_NAMES) if CLASS_NAMES in file.names else None
    for name in keys.x.values():
        if arrays[name].ndim == 3:
            arrays[name] = arrays[name][:, np.newaxis]  # the only channel of grey images
    known = None if names is None else class_names(names, 0, f"{path}: {CLASS_NAMES}")
    read = read_targets({name: arrays[name] for name in keys.y.values()}, outputs, known) if keys.y else Targets({})
    problems = [*x_problems(arrays, keys), *read.problems, *([] if read.problems else y_problems(read.y))]
    problems += count_problems(arrays, keys)
    if problems:
        raise DataError(*(f"{path}: {problem}" for problem in problems))
    x = {part: checked(arrays.pop(name), f"{path}: {name}") for part, name in keys.x.items()}
    y = {part: read.y[name] for part, name in keys.y.items()}
    if not y:
        y = {part: np.zeros(len(each), np.int64) for part, each in x.items()}  # of one class, as there are none
    elif y[TRAIN].dtype.kind == "f":
        y = {part: targets(y[part], f"{path}: {name}") for part, name in keys.y.items()}
    notes = part_notes(path, x)
    if mapped:
        size = sum(each.nbytes for each in x.values() if isinstance(each, MappedInputs))
        notes = (
            *notes,
            f"{path}: {' and '.join(mapped)}, {bytes_text(size)}, stay there; batches read their samples from it",
        )
    test_drawn = TEST not in x
    if test_drawn:
        fraction = settings.get("test_split", TEST_SPLIT)
        x, y = drawn(x[TRAIN], y[TRAIN], fraction, seed)
        notes = (test_part_text(path, x, y), *notes)
    x = stored(x)
    return Dataset(
        path.stem,
        x[TRAIN],
        y[TRAIN],
        x[TEST],
        y[TEST],
        classes_of(read, names, outputs, path),
        notes,
        stratified=test_drawn,
        test_drawn=test_drawn,
    )


def check_sizes(file: ArrayFile, keys: ArrayKeys, mapped: tuple[str, ...]) -> None:
    """Raise DataError where loading the arrays of a file takes more memory than there is. mapped: those that stay."""
    headers = {name: file.header(name) for name in keys.names if name not in mapped}
    if CLASS_NAMES in file.names:
        headers[CLASS_NAMES] = file.header(CLASS_NAMES)
    total, needed = sum(header.nbytes for header in headers.values()), memory_of(file, keys, mapped).loading
    there = shortage(needed)
    if there is not None:
        key, largest = max(headers.items(), key=lambda item: item[1].nbytes)
        copying = f", and {bytes_text(needed - total)} more to convert them" if needed > total else ""
        raise DataError(
            f"{file.path}: {key} is {largest.text()}: {bytes_text(largest.nbytes)} unpacked; all arrays take "
            f"{bytes_text(total)}{copying}, but {there}"
        )


def drawn(x: Array, y: Array, fraction: float, seed: int) -> tuple[dict[str, Array], dict[str, Array]]:
    """Return x and y of both parts, of which the test part is drawn from the samples. Raises DataError."""
    parts = dict(zip((TRAIN, TEST), draw_test_part(y, fraction, seed), strict=True))
    return {part: taken(x, indices) for part, indices in parts.items()}, {part: y[each] for part, each in parts.items()}


def taken(x: Array, indices: Array) -> Array:
    """Return the inputs at these indices; those that are mapped stay in their file."""
    return x.select(indices).as_array() if isinstance(x, MappedInputs) else rows(x, indices)


def test_part_text(path: Path, x: Mapping[str, Array], y: Mapping[str, Array]) -> str:
    """Return the sentence that says that a test part was drawn."""
    count = len(x[TRAIN]) + len(x[TEST])
    how = "" if y[TEST].dtype.kind == "f" else ", class by class"
    return (
        f"{path}: it has no test part; {len(x[TEST]):,} of its {count:,} samples are held out as one{how}: "
        "data.test_split says how many, data.seed which"
    )


def classes_of(read: Targets, names: Array | None, outputs: type[Outputs] | None, path: Path) -> tuple[str, ...] | None:
    """Return the names of the classes, by default their numbers; None for targets, unless they answer yes or no.

    Several answers, N×K, may have names, as may the no and the yes of one. Raises DataError.
    """
    if read.count is None and outputs is YesOrNo and names is not None and read.y:
        width = math.prod(next(iter(read.y.values())).shape[1:])
        known = class_names(names, 0, f"{path}: {CLASS_NAMES}")
        if len(known) != max(width, 2):
            what = f"the {width:,} answers of a sample" if width > 1 else "no and yes"
            found = "1 name" if len(known) == 1 else f"{len(known):,} names"
            raise DataError(f"{path}: {CLASS_NAMES} holds {found}, where one for each of {what} is needed")
        return known
    if read.count is None or read.classes is not None:
        return read.classes
    return (
        tuple(map(str, range(read.count)))
        if names is None
        else class_names(names, read.count, f"{path}: {CLASS_NAMES}")
    )


def checked(x: Array, where: str) -> Array:
    """Return x in the machine's byte order. Raises DataError for values that are not finite as float32.

    What is mapped stays in its file.
    """
    dtype = np.dtype(np.float64) if x.dtype.itemsize > 8 else x.dtype.newbyteorder("=")
    x = MappedInputs(x, dtype).as_array() if isinstance(x, np.memmap) else x.astype(dtype, copy=False)
    if x.dtype.kind == "f" and x.size:
        for chunk in pieces(x):
            if not -SINGLE.max <= chunk.min() <= chunk.max() <= SINGLE.max:  # false for NaN too
                refuse_not_finite(x, where)
    return x


def stored(x: dict[str, Array]) -> dict[str, Array]:
    """Return the inputs of both parts, uint8 as they are, others as float32 where those of training lose nothing so.

    Images are in channels-last memory.
    """
    narrow = x[TRAIN].dtype != np.uint8 and loses_nothing(x[TRAIN])

    def converted(part: Array) -> Array:
        if isinstance(part, MappedInputs):
            return part.astype(np.float32) if narrow else part
        return laid_out(part, np.float32 if narrow else None)

    return {part: converted(x.pop(part)) for part in tuple(x)}


def targets(y: Array, where: str) -> Array:
    """Return floats as targets, float32 N×K. Raises DataError for values that are not finite."""
    checked(y, where)
    return y.astype(np.float32, copy=False).reshape(len(y), -1)


def refuse_not_finite(array: Array, where: str) -> None:
    """Raise DataError with the first value that is not finite as float32, if there is one."""
    index, value, count = None, 0.0, 0
    for start, chunk in numbered(array):
        with np.errstate(over="ignore"):
            bad = ~np.isfinite(chunk.astype(np.float32))
        if index is None and bad.any():
            first = np.unravel_index(int(np.argmax(bad)), chunk.shape)
            index, value = (start + int(first[0]), *map(int, first[1:])), chunk[first]
        count += int(bad.sum())
    if index is not None:
        position = ", ".join(map(str, index))
        raise DataError(f"{where}[{position}] is {value}, not a finite float32; {count:,} values are not")


def numbered(x: Array) -> Iterator[tuple[int, Array]]:
    """Yield the samples of x, a few at a time, with the index of the first of them."""
    start = 0
    for piece in pieces(x):
        yield start, piece
        start += len(piece)
