"""The history of a run as one array, to the last bit: what a checkpoint of many epochs can hold at little cost."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from graphnn.training.history import Record
from graphnn.types import Array

FIRST = 5  # numbers of a record before those of the metrics in training, and in validation
Names = Mapping[str, Any]  # of the metrics of "epochs" in a row: "metrics" in training, "validation" in validation


def history_array(history: Sequence[Record]) -> tuple[Array, list[dict[str, Any]]]:
    """Return the numbers of a history, a record after the other, as float64; and the names of the metrics.

    The numbers of a record: epoch, whether it was validated, learning rate, seconds, images per second, the metrics in
    training and, if it was validated, in validation. Names are given for each number of "epochs" in a row that have the
    same, as a version with another metric may have gone on with the run. 1,500 records take 1 ms, as each keeps its
    bytes.
    """
    names: list[dict[str, Any]] = []
    for record in history:
        training, validation = list(record.training), list(record.validation or ())
        last = names[-1] if names else None
        if last is None or last["metrics"] != training or validation not in ([], last["validation"] or validation):
            names.append({"epochs": 1, "metrics": training, "validation": validation})
        else:
            last["epochs"] += 1
            last["validation"] = last["validation"] or validation
    return np.frombuffer(b"".join(record.packed for record in history), "<f8"), names


def history_from(array: Array, names: Sequence[Names]) -> list[Record]:
    """Return the history of `history_array`. Raises ValueError, with the reason, where they do not fit each other.

    Names without those of validation are of older versions, which had the metrics of training in every record twice.
    """
    if array.ndim != 1 or array.dtype != np.float64:
        raise ValueError(f"its history is {array.shape} of {array.dtype}, where a vector of float64 is needed")
    records: list[Record] = []
    numbers, start = array.tolist(), 0
    for span in names:
        metrics, older = span["metrics"], "validation" not in span
        of_validation = metrics if older else span["validation"]
        for _ in range(span["epochs"]):
            middle = start + FIRST + len(metrics)
            epoch, validated, rate, seconds, speed = (*numbers[start : start + FIRST], *[None] * FIRST)[:FIRST]
            end = middle + (len(of_validation) if older or validated else 0)
            if end > len(numbers):
                raise ValueError(f"its history has {len(numbers)} numbers, where {end} or more are needed")
            if epoch != len(records) + 1:
                raise ValueError(f"its history has epoch {epoch:g} where epoch {len(records) + 1} is needed")
            training = dict(zip(metrics, numbers[start + FIRST : middle], strict=True))
            validation = dict(zip(of_validation, numbers[middle:end], strict=True)) if validated else None
            records.append(Record(len(records) + 1, training, validation, rate, seconds, speed))
            start = end
    if start != len(numbers):
        raise ValueError(f"its history has {len(numbers)} numbers, where {start} are needed")
    return records
