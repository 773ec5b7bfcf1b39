"""What the metadata of a weights file have to be, whoever wrote them."""

from pathlib import Path
from typing import Any

from graphnn.errors import WeightsError
from graphnn.storage.json_checks import Check, anything, either, keys, number, or_null, rows, text, values, whole

LARGEST = 7e38  # a difference of two numbers of float32
SMALLEST = 1e-140  # smaller ones are no deviations; training takes 1 instead

NORMALISATION = keys(
    {
        "mode": text,
        "shape": rows(whole(1)),
        "offset": rows(number(-LARGEST, LARGEST)),
        "divisor": rows(number(SMALLEST, LARGEST)),
    }
)
OBJECT = values(anything)
DOCUMENT = values(anything, {"data": OBJECT, "training": OBJECT})
METADATA = keys(
    {},
    {
        "document": or_null(DOCUMENT),
        "classes": or_null(rows(text)),
        "normalisation": or_null(NORMALISATION),
        "metrics": values(values(or_null(number())), {"epochs": number(0)}),
        "versions": values(text),
        "kernels": text,
        "class_weights": either(rows(rows(number(0), 2)), rows(number(0))),  # pairs, of no and of yes
    },
)


def check_meta(meta: Any, check: Check, path: Path) -> None:
    """Raise WeightsError, with the file, the key, what was found and what is needed, where metadata are no such."""
    problem = check(meta, "")
    if problem is not None:
        raise WeightsError(f"{path}: its metadata are damaged: {problem}")
