"""What can be wrong with the user's arrays taken together, told in words."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from graphnn.datasets.array_files import TEST, TRAIN, ArrayKeys
from graphnn.datasets.conversions import conversion, decoded, shape_of
from graphnn.errors import DataError
from graphnn.types import NUMERIC, Array, shape_text

CHANNELS = (1, 3, 4)  # of grey pictures, of coloured ones, and of those with transparency


def x_problems(arrays: Mapping[str, Array], keys: ArrayKeys) -> list[str]:
    """Return the problems of the inputs, by their names."""
    problems = []
    for name in keys.x.values():
        x = arrays[name]
        if x.dtype.kind not in NUMERIC:
            problems.append(f"{name} is of {x.dtype}, where integers or floats are needed{conversion(name, x)}")
        if (x.ndim not in (2, 4) and not x.dtype.names) or not x.size:  # named fields are to become the last axis
            advice = f"; for one number a sample take {name}[:, None]" if x.ndim == 1 and x.size else ""
            problems.append(f"{name} is {shape_of(x)}, where N×F (vectors) or N×C×H×W (images) is needed{advice}")
    if TEST not in keys.x:
        return problems
    train, test = (arrays[name] for name in keys.x.values())
    if train.ndim and test.ndim and train.shape[1:] != test.shape[1:]:
        problems.append(f"x_train is {shape_of(train)}, but x_test {shape_of(test)}")
    if (train.dtype == np.uint8) != (test.dtype == np.uint8):
        problems.append(f"x_train is of {train.dtype}, but x_test of {test.dtype}; store both in one type and range")
    return problems


def y_problems(y: Mapping[str, Array]) -> list[str]:
    """Return the contradictions between the y of both parts, as read, by their names."""
    if len(y) < 2:
        return []
    train, test = y.values()
    if (train.dtype.kind == "f") != (test.dtype.kind == "f"):
        return [f"y_train is of {train.dtype}, but y_test of {test.dtype}: labels or targets?"]
    if train.shape[1:] != test.shape[1:]:
        return [f"y_train is {shape_of(train)}, but y_test {shape_of(test)}"]
    return []


def count_problems(arrays: Mapping[str, Array], keys: ArrayKeys) -> list[str]:
    """Return where x and y of a part have different numbers of samples."""
    if not all(arrays[name].ndim for name in keys.names):
        return []
    counts = {name: len(arrays[name]) for name in keys.names}
    pairs = [(keys.x[part], y) for part, y in keys.y.items()]
    uneven = [(x, y) for x, y in pairs if counts[x] != counts[y]]
    swapped = len(pairs) == 2 and all(counts[x] == counts[y] for (x, _), (_, y) in zip(pairs, pairs[::-1], strict=True))
    advice = "; y_train and y_test seem to be interchanged" if swapped else ""
    return [f"{x} has {counts[x]:,} samples, but {y} {counts[y]:,}{advice}" for x, y in uneven]


def part_notes(path: Path, x: Mapping[str, Array]) -> tuple[str, ...]:
    """Return what a user should know of the numbers of samples, and of images whose channels seem to come last."""
    notes = []
    train, shape = len(x[TRAIN]), x[TRAIN].shape
    if TEST in x and len(x[TEST]) > train:
        counts = f"{len(x[TEST]):,} and {train:,}"
        notes.append(f"{path}: x_test has more samples than x_train, {counts}; are they interchanged?")
    if len(shape) == 4 and shape[3] in CHANNELS and shape[1] not in CHANNELS and shape[2] not in CHANNELS:
        notes.append(
            f"{path}: the images are N×{shape_text(shape[1:])}, taken as N×C×H×W, but seem to be N×H×W×C; then store "
            "x.transpose(0, 3, 1, 2)"
        )
    return tuple(notes)


def class_names(names: Array, count: int, where: str) -> tuple[str, ...]:
    """Return the names of at least `count` classes. Raises DataError unless they are a row of different strings."""
    if names.dtype.kind not in "US" or names.ndim != 1:
        raise DataError(f"{where} is {shape_of(names)} of {names.dtype}, where a row of strings is needed")
    known = tuple(decoded(names, where).tolist())
    if len(known) < count:
        raise DataError(f"{where} names {len(known)} classes, but the labels go up to {count - 1}")
    if len(set(known)) < len(known):
        raise DataError(f"{where} holds a name twice")
    return known
