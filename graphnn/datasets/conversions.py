"""Arrays in messages: their shapes, and the numpy expressions that make numbers of other dtypes."""

import numpy as np

from graphnn.types import Array, shape_text

NUMBERING = (  # of classes, without gaps, in both parts alike
    "class_names, y = np.unique(np.concatenate([y_train, y_test]), return_inverse=True), "
    "then y_train, y_test = np.split(y, [len(y_train)])"
)


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
    return f"; number the classes by {NUMBERING}" if name.startswith("y_") else ""


def converts(array: Array, kind: type) -> bool:
    """Return whether all texts in an array can be read as numbers of this kind."""
    try:
        array.astype(kind)
    except (ValueError, OverflowError):
        return False
    return bool(np.size(array))


def shape_of(array: Array) -> str:
    """Return the shape of an array."""
    return shape_text(array.shape) if array.ndim else "a single value"
