"""Reads labels and targets of the user's arrays, in the forms that people have, by what the outputs mean."""

from collections.abc import Mapping, Sequence

import numpy as np

from graphnn.datasets.conversions import conversion, converts, decoded, numbering, shape_of
from graphnn.datasets.precision import pieces
from graphnn.errors import DataError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.metrics.outputs import Classes, Numbers, Outputs, YesOrNo
from graphnn.text.suggestions import did_you_mean, quoted
from graphnn.types import NUMERIC, Array

MOST_CLASSES = 1_000_000  # larger labels are probably not class numbers
SHARE = 0.01  # of the standard deviation; numbers that float32 changes by more cannot be learnt as they are


@frozen_dataclass
class Targets:
    """Labels or targets as read. y: by the names of the arrays, int64 labels N or floats N or N×K; without bad ones.

    count: the least number of classes, None where there are none. classes: their names, where labels were names.
    """

    y: dict[str, Array]
    count: int | None = None
    classes: tuple[str, ...] | None = None
    problems: tuple[str, ...] = ()


def read_targets(
    stored: Mapping[str, Array], outputs: type[Outputs] | None, class_names: Sequence[str] | None = None
) -> Targets:
    """Return y of one part or of both, with what is wrong with them.

    stored: as in the file, by name, that of training first. outputs: their meaning; None: floats are numbers, others
    are classes. class_names: of the file, in which labels that are names are looked up; None: such labels are numbered
    in alphabetical order.
    """
    if outputs is None:
        kinds = {y.dtype.kind == "f" for y in stored.values()}
        if len(kinds) > 1 and all(y.dtype.kind in NUMERIC for y in stored.values()):
            train, test = (y.dtype for y in stored.values())
            return Targets({}, problems=(f"y_train is of {train}, but y_test of {test}: labels or targets?",))
        outputs = Numbers if True in kinds else Classes
    if outputs is not Numbers and all(is_names(y) for y in stored.values()):
        try:
            return read_names(stored, outputs, class_names)
        except DataError as error:
            return Targets({}, problems=tuple(map(str, error.problems)))
    read = {YesOrNo: read_answers, Classes: read_classes}.get(outputs, read_numbers)
    y: dict[str, Array] = {}
    problems = []
    for name, part in stored.items():
        try:
            y[name] = read(name, checked(name, part))
        except DataError as error:
            problems.append(str(error))
    if problems:
        return Targets(y, problems=tuple(problems))
    if outputs is Classes:
        return Targets(*labels_of_rows(y))
    if outputs is YesOrNo and len({part.dtype.kind for part in y.values()}) > 1:
        y = {name: part.reshape(len(part), -1).astype(np.float64) for name, part in y.items()}
    return Targets(y, classes_of_labels(y))


def is_names(y: Array) -> bool:
    """Return whether labels are names of classes: a row or a column of texts that are not all numbers."""
    return y.dtype.kind in "US" and column(y).ndim == 1 and y.size > 0 and not converts(y, float)


def read_names(stored: Mapping[str, Array], outputs: type[Outputs], known: Sequence[str] | None) -> Targets:
    """Return the labels for names of classes. Raises DataError for those that are empty or not among the known ones."""
    texts = {name: decoded(column(y), name) for name, y in stored.items()}
    for name, y in texts.items():
        if np.any(empty := y == ""):
            raise DataError(f"{name}[{int(np.argmax(empty))}] is an empty text, where the name of a class is needed")
    found = np.unique(np.concatenate(list(texts.values())))
    names = found if known is None else np.array(known)
    strange = np.setdiff1d(found, names)
    if strange.size:
        name, y = next((name, y) for name, y in texts.items() if np.isin(strange[:1], y).any())
        index = int(np.argmax(y == strange[0]))
        meant = did_you_mean(str(strange[0]), list(names.tolist()))
        raise DataError(f"{name}[{index}] is {quoted(str(strange[0]))}, which is not in class_names{meant}")
    if outputs is YesOrNo and len(names) != 2:
        raise DataError(
            f"{next(iter(texts))} holds names of {len(names)} classes, where one yes-or-no output tells 2 apart; for a "
            "choice among classes take Softmax and CrossEntropy"
        )
    order = np.argsort(names)
    labels = {name: order[np.searchsorted(names, y, sorter=order)].astype(np.int64) for name, y in texts.items()}
    return Targets(labels, len(names), tuple(names.tolist()))


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
        raise DataError(f"{name}[{first}] is {int(y[first])}, but labels count from 0: {numbering(name)}")
    if (largest := int(y.max())) >= MOST_CLASSES:
        raise DataError(
            f"{name}[{int(np.argmax(y))}] is {largest}; number the classes 0, 1, 2, … without gaps: {numbering(name)}"
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
