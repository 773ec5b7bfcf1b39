"""Arrays in messages: their shapes, and the numpy expressions that make numbers of other dtypes."""

import numpy as np

from graphnn.errors import DataError
from graphnn.types import Array, shape_text

NUMBERING = (  # of classes, without gaps, in both parts alike
    "class_names, y = np.unique(np.concatenate([y_train, y_test]), return_inverse=True), "
    "then y_train, y_test = np.split(y, [len(y_train)])"
)
NUMBERING_OF_ONE = "class_names, {y} = np.unique({y}, return_inverse=True)"  # where there is no other part


def numbering(name: str) -> str:
    """Return the expression that numbers classes without gaps. name: y_train or y_test of both parts, or the only y."""
    return NUMBERING if "_" in name else NUMBERING_OF_ONE.format(y=name)


def conversion(name: str, array: Array) -> str:
    """Return the words that say how to make numbers of an array that holds none, "" where nothing is known.

    name: of the array, as x_train. The words start with "; ".
    """
    kind = array.dtype.kind
    if kind == "c":
        return f"; take {name}.real, or np.abs({name})"
    if kind == "m":
        return f'; take {name} / np.timedelta64(1, "s")'
    if kind == "M":
        return f'; take {name}.astype("datetime64[s]").astype(float)'
    if kind == "V" and array.dtype.names:
        return f"; it has named fields: take np.stack([{name}[field] for field in {name}.dtype.names], axis=-1)"
    if kind not in "US":
        return ""
    for kind_of_number in (int, float):
        if converts(array, kind_of_number):
            return f"; take {name}.astype({kind_of_number.__name__})"
    return f"; number the classes by {numbering(name)}" if name.startswith("y") else ""


def converts(array: Array, kind: type) -> bool:
    """Return whether all texts in an array can be read as numbers of this kind."""
    try:
        array.astype(kind)
    except (ValueError, OverflowError):
        return False
    return bool(np.size(array))


def decoded(texts: Array, name: str) -> Array:
    """Return strings as they are, and bytes as the strings that they encode in UTF-8. Raises DataError."""
    if texts.dtype.kind == "U":
        return texts
    try:
        return np.char.decode(texts, "utf-8")
    except UnicodeDecodeError as problem:
        raise DataError(f"{name} holds {problem.object!r:.40}, which is no text in UTF-8") from problem


def shape_of(array: Array) -> str:
    """Return the shape of an array."""
    return shape_text(array.shape) if array.ndim else "a single value"
