"""Reads labels and targets of the user's arrays, in the forms that people have, by what the outputs mean."""

import numpy as np

from graphnn.datasets.conversions import NUMBERING, conversion, shape_of
from graphnn.datasets.precision import pieces
from graphnn.errors import DataError
from graphnn.metrics.outputs import Classes, Numbers, Outputs, YesOrNo
from graphnn.types import NUMERIC, Array

MOST_CLASSES = 1_000_000  # larger labels are probably not class numbers
SHARE = 0.01  # of the standard deviation; numbers that float32 changes by more cannot be learnt as they are
PARTS = ("train", "test")


def read_targets(
    stored: dict[str, Array], outputs: type[Outputs] | None
) -> tuple[dict[str, Array], int | None, list[str]]:
    """Return y of both parts, int64 labels N or floats N or N×K; the least number of classes, if any; and problems.

    stored: y of each of PARTS as in the file. outputs: their meaning; None: floats are numbers, others are classes.
    A part with a problem is left out of the result.
    """
    if outputs is None:
        kinds = {y.dtype.kind == "f" for y in stored.values()}
        if len(kinds) > 1 and all(y.dtype.kind in NUMERIC for y in stored.values()):
            train, test = (y.dtype for y in stored.values())
            return {}, None, [f"y_train is of {train}, but y_test of {test}: labels or targets?"]
        outputs = Numbers if True in kinds else Classes
    read = {YesOrNo: read_answers, Classes: read_classes}.get(outputs, read_numbers)
    y, problems = {}, []
    for part in PARTS:
        try:
            y[part] = read(f"y_{part}", checked(f"y_{part}", stored[part]))
        except DataError as error:
            problems.append(str(error))
    if problems:
        return y, None, problems
    if outputs is Classes:
        return *labels_of_rows(y), []
    if outputs is YesOrNo and len({part.dtype.kind for part in y.values()}) > 1:
        y = {name: part.reshape(len(part), -1).astype(np.float64) for name, part in y.items()}
    return y, classes_of_labels(y), []


def checked(name: str, y: Array) -> Array:
    """Return numbers N or N×K. Raises DataError for everything else, with the expression that converts it."""
    if y.dtype.kind not in NUMERIC:
        needed = "integers (labels) or floats (targets) are needed"
        raise DataError(f"{name} is of {y.dtype}, where {needed}{conversion(name, y)}")
    if y.ndim not in (1, 2) or not y.size:
        advice = f"; take {name}.reshape(len({name}), -1)" if y.ndim > 2 and y.size else ""
        raise DataError(f"{name} is {shape_of(y)}, where N labels, or targets of N or N×K, are needed{advice}")
    if y.ndim == 2 and len(y) == 1 and y.shape[1] > 1 and y.dtype.kind != "f" and y.max() > 1:
        raise DataError(f"{name} is {shape_of(y)}, one sample; for one label a sample take {name}.ravel()")
    return y


def read_classes(name: str, y: Array) -> Array:
    """Return labels N, int64, or rows N×K, one-hot where they are not floats. Raises DataError for other values."""
    y = column(y)
    if y.ndim == 2:
        if y.dtype.kind != "f" and not one_hot(y):
            row = int(np.argmin(hot_rows(y)))
            raise DataError(
                f"{name} is {shape_of(y)}, but row {row} is not one-hot, a single 1 among 0: "
                "for several answers a sample take Sigmoid and BinaryCrossEntropy, for quantities MeanSquaredError"
            )
        return y
    if y.dtype.kind == "f" and not np.all(whole := np.isfinite(y) & (y == np.floor(y))):
        first = int(np.argmin(whole))
        raise DataError(
            f"{name}[{first}] is {y[first]}, but labels are whole numbers; for quantities take MeanSquaredError"
        )
    if y.min() < 0:
        first = int(np.argmax(y < 0))
        raise DataError(f"{name}[{first}] is {int(y[first])}, but labels count from 0: {NUMBERING}")
    if (largest := int(y.max())) >= MOST_CLASSES:
        raise DataError(
            f"{name}[{int(np.argmax(y))}] is {largest}; number the classes 0, 1, 2, … without gaps: {NUMBERING}"
        )
    return y.astype(np.int64)


def read_answers(name: str, y: Array) -> Array:
    """Return answers yes or no: labels 0 and 1 of N as int64, others as floats, N or N×K.

    Raises DataError for two values other than 0 and 1, with the expression; the loss refuses others.
    """
    if not np.all((y >= 0) & (y <= 1)):
        values = np.unique(y)
        if len(values) == 2 and np.all(np.isfinite(values)):
            low, high = (f"{value:.0f}" if value == np.floor(value) else repr(float(value)) for value in values)
            raise DataError(
                f"{name} holds {low} and {high}, where 0 and 1 are needed; take ({name} == {high}).astype(int)"
            )
    y = column(y)
    if y.dtype.kind == "f":
        return y
    return y.astype(np.int64 if y.ndim == 1 else np.float64)


def column(y: Array) -> Array:
    """Return N×1 as N, and N or N×K as they are."""
    return y[:, 0] if y.shape[1:] == (1,) else y


def read_numbers(name: str, y: Array) -> Array:
    """Return floats N or N×K. Raises DataError where float32, in which they are learnt, cannot tell them apart."""
    y = column(y)
    if y.dtype.kind == "f" and y.itemsize <= np.dtype(np.float32).itemsize:
        return y
    y = y if y.dtype.kind == "f" else y.astype(np.float64)
    for k, values in enumerate(y.reshape(len(y), -1).T):
        with np.errstate(all="ignore"):  # values that are not finite are reported by the reader of the file
            lost = np.abs(values.astype(np.float32) - values).max()
            mean, deviation = values.mean(), values.std()
        if deviation > 0 and lost > SHARE * deviation and np.isfinite(lost):
            shown = name if y.ndim == 1 else f"{name}[:, {k}]"
            raise DataError(
                f"{shown} lies around {mean:.7g} with a standard deviation of {deviation:.3g}, too close for float32, "
                f"in which targets are learnt; subtract the same number from both parts: {shown} - {mean:.0f}"
            )
    return y


def labels_of_rows(y: dict[str, Array]) -> tuple[dict[str, Array], int | None]:
    """Return labels N where all rows N×K are one-hot, else rows as floats; and the least number of classes."""
    widths = [part.shape[1] for part in y.values() if part.ndim == 2]
    if all(part.ndim == 1 or one_hot(part) for part in y.values()) and len(set(widths)) <= 1:
        y = {name: part if part.ndim == 1 else part.argmax(axis=1) for name, part in y.items()}
    else:
        y = {name: part if part.ndim == 1 else part.astype(np.float64) for name, part in y.items()}
    count = classes_of_labels(y)
    return y, max([count, *widths]) if count is not None else None


def classes_of_labels(y: dict[str, Array]) -> int | None:
    """Return the least number of classes that both parts' labels need; None where they are no labels."""
    if any(part.dtype.kind == "f" or part.min() < 0 or int(part.max()) >= MOST_CLASSES for part in y.values()):
        return None
    return 1 + int(max(part.max() for part in y.values()))


def one_hot(y: Array) -> bool:
    """Return whether each row has a single 1 and else 0."""
    return bool(np.all(hot_rows(y)))


def hot_rows(y: Array) -> Array:
    """Return of each row whether it has a single 1 and else 0; a few rows are looked at at a time."""
    parts = (((rows == 0) | (rows == 1)).all(axis=1) & ((rows == 1).sum(axis=1) == 1) for rows in pieces(y))
    return np.concatenate(list(parts))
