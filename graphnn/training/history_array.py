"""The history of a run as one array, to the last bit: what a checkpoint of many epochs can hold at little cost."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

import numpy as np

from graphnn.training.history import Record
from graphnn.types import Array

FIRST = 5  # numbers of a record before those of the metrics in training, and in validation


def history_array(history: Sequence[Record]) -> tuple[Array, list[dict[str, Any]]]:
    """Return the numbers of a history, a record after the other, as float64; and the names of the metrics.

    The numbers of a record: epoch, whether it was validated, learning rate, seconds, images per second, the metrics in
    training, and the same in validation. Names are given for each number of "epochs" in a row that have the same, as
    a version with another metric may have gone on with the run. 1,500 records take 0.2 ms, as each keeps its bytes.
    """
    names = [
        {"epochs": len(list(records)), "metrics": list(metrics)}
        for metrics, records in groupby(history, attrgetter("metrics"))
    ]
    return np.frombuffer(b"".join(record.packed for record in history), "<f8"), names


def history_from(array: Array, names: Sequence[Mapping[str, Any]]) -> list[Record]:
    """Return the history of `history_array`. Raises ValueError, with the reason, where they do not fit each other."""
    widths = [FIRST + 2 * len(span["metrics"]) for span in names]
    size = sum(span["epochs"] * width for span, width in zip(names, widths, strict=True))
    if array.shape != (size,) or array.dtype != np.float64:
        raise ValueError(f"its history is {array.shape} of {array.dtype}, where ({size},) of float64 is needed")
    records: list[Record] = []
    start = 0
    for span, width in zip(names, widths, strict=True):
        end = start + span["epochs"] * width
        metrics = span["metrics"]
        for epoch, validated, rate, seconds, speed, *values in array[start:end].reshape(-1, width).tolist():
            if epoch != len(records) + 1:
                raise ValueError(f"its history has epoch {epoch:g} where epoch {len(records) + 1} is needed")
            training = dict(zip(metrics, values, strict=False))
            validation = dict(zip(metrics, values[len(metrics) :], strict=True)) if validated else None
            records.append(Record(len(records) + 1, training, validation, rate, seconds, speed))
        start = end
    return records
